/** Signing secrets and signatures of webhooks, as the Standard Webhooks specification 1.0.0 has them. */
import { createHmac } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import type { Keychain } from '#src/ports/keychain.ts'

const PREFIX = 'whsec_'
const MIN_BYTES = 24
const MAX_BYTES = 64

/** As it is stored. Times are ms since 1970. */
export interface SealedSecret {
  /** Base64. */
  sealed: string
  createdAt: number
  /** Null for the newest one. */
  expiresAt: number | null
}

/** Throws 400 unless it is `whsec_` and 24 to 64 bytes in base64. */
export function mustBeSecret(secret: string): void {
  const bytes = secret.startsWith(PREFIX) ? keyOf(secret) : Buffer.of()
  const isExact = `${PREFIX}${bytes.toString('base64')}` === secret
  if (isExact && bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return
  const wanted = `${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`
  throw invalidRequest(`A secret must be ${wanted}`, 'InvalidSecret')
}

export function sealSecret(
  keys: Keychain,
  secret: string,
  { endpoint, now }: { endpoint: string; now: number },
): SealedSecret {
  const sealed = keys.seal(Buffer.from(secret), contextOf(endpoint))
  return { sealed: Buffer.from(sealed).toString('base64'), createdAt: now, expiresAt: null }
}

/** Those that are valid at `now`, the newest first. */
export function openSecrets(
  keys: Keychain,
  secrets: readonly SealedSecret[],
  { endpoint, now }: { endpoint: string; now: number },
): string[] {
  return secrets
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .map(({ sealed }) => {
      const secret = keys.open(Buffer.from(sealed, 'base64'), contextOf(endpoint))
      return Buffer.from(secret).toString()
    })
}

/** The header webhook-signature: a signature by each of the secrets. `timestamp` is in seconds. */
export function signaturesOf(
  message: { id: string; timestamp: number; body: string },
  secrets: readonly string[],
): string {
  const { id, timestamp, body } = message
  const signed = `${id}.${timestamp}.${body}`
  return secrets
    .map((secret) => {
      return `v1,${createHmac('sha256', keyOf(secret)).update(signed).digest('base64')}`
    })
    .join(' ')
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(PREFIX.length), 'base64')
}

const contextOf = (endpoint: string): string => `webhook endpoint ${endpoint}`
