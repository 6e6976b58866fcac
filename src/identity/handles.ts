/** Which handles somebody may have here: our rules on top of the handle specification. */
import { invalidRequest } from '#src/errors.ts'
import { reservedNames } from '#src/identity/reserved-handles.ts'
import { hasUsableTld, parseHandle } from '#src/protocol/handle.ts'

const shortestName = 3
const longestName = 18

/** The service domain a handle is under, with its leading dot; undefined for a domain of one's own. */
export function serviceDomainOf(handle: string, domains: readonly string[]): string | undefined {
  return domains.find((domain) => handle.endsWith(domain))
}

/**
 * The handle in lower case, if a new account may have it: one label of 3 to 18 characters under one of our
 * `domains` (each with its leading dot), and not reserved. Throws 400 InvalidHandle, UnsupportedDomain or
 * HandleNotAvailable.
 */
export function newAccountHandle(text: string, domains: readonly string[]): string {
  const handle = parseHandle(text)
  if (!hasUsableTld(handle)) {
    throw invalidRequest('Handle TLD is invalid or disallowed', 'InvalidHandle')
  }
  const domain = serviceDomainOf(handle, domains)
  if (domain === undefined) {
    throw invalidRequest('Not a supported handle domain', 'UnsupportedDomain')
  }
  const name = handle.slice(0, -domain.length)
  if (name.includes('.')) throw invalidRequest('Invalid characters in handle', 'InvalidHandle')
  if (name.length < shortestName) throw invalidRequest('Handle too short', 'InvalidHandle')
  if (name.length > longestName) throw invalidRequest('Handle too long', 'InvalidHandle')
  if (reservedNames.has(name)) throw invalidRequest('Reserved handle', 'HandleNotAvailable')
  return handle
}
