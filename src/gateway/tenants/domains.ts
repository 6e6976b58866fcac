/** Which domains a tenant may claim, and the DNS record that proves one. */
import { invalidRequest } from '#src/errors.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import type { ResolveTxt } from '#src/ports/handle-resolver.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'

export function newChallenge(): string {
  return randomLetters(1, 32)
}

/** The TXT record that proves a domain. */
export function challengeRecord({ domain, challenge }: { domain: string; challenge: string }) {
  return {
    name: `_headwater-challenge.${domain}`,
    type: 'TXT',
    value: `headwater-verification=${challenge}`,
  }
}

/**
 * The domain in lower case. Throws 400 InvalidDomain if no handles are possible under it, and DomainNotAvailable if it
 * is the server's own, or above or below one of these.
 */
export function mustBeUsable(text: string, { domains }: HandleRules, hostname: string): string {
  const domain = text.toLowerCase()
  if (!domain.includes('.') || !isDomain(domain)) {
    throw invalidRequest(`No handles are possible under ${text}`, 'InvalidDomain')
  }
  const own = [`.${hostname}`, ...domains]
  const isOwn = own.some((name) => `.${domain}`.endsWith(name) || name.endsWith(`.${domain}`))
  if (isOwn) throw invalidRequest(`${domain} belongs to this server`, 'DomainNotAvailable')
  return domain
}

function isDomain(domain: string): boolean {
  try {
    return hasUsableTld(parseHandle(`name.${domain}`))
  } catch {
    return false
  }
}

/** Throws 400 DomainNotVerified. */
export async function mustBeProven(
  resolveTxt: ResolveTxt,
  claim: { domain: string; challenge: string },
): Promise<void> {
  const { name, value } = challengeRecord(claim)
  const found = (await resolveTxt(name)) ?? []
  if (found.some((text) => text.trim() === value)) return
  const seen = found.length === 0 ? 'it has none' : `it has ${found.length} others`
  throw invalidRequest(
    `There must be a TXT record of ${name} with the text ${value}: ${seen}, as seen from here`,
    'DomainNotVerified',
  )
}
