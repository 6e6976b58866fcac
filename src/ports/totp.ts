/** Codes of authenticator apps (TOTP, RFC 6238): six digits, thirty seconds, SHA-1, as all of those apps know them. */
import { Secret, TOTP } from 'otpauth'

const period = 30
const secretLength = 20

export function newTotpSecret(): Uint8Array {
  return new Uint8Array(new Secret({ size: secretLength }).buffer)
}

/** What the app is told: as a link, which a QR code may carry, and the key to type where neither works. */
export function totpEnrolment(
  secret: Uint8Array,
  { issuer, label }: { issuer: string; label: string },
): { uri: string; key: string } {
  const totp = totpOf(secret, { issuer, label })
  return { uri: totp.toString(), key: totp.secret.base32 }
}

/**
 * The step, in units of 30 s since 1970, whose code this is: the present one or one of its neighbours. Undefined for
 * any other code. `now` is milliseconds since 1970.
 */
export function totpStep(secret: Uint8Array, code: string, now: number): number | undefined {
  const delta = totpOf(secret).validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : Math.floor(now / 1000 / period) + delta
}

function totpOf(secret: Uint8Array, names: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({ ...names, period, secret: new Secret({ buffer: secret.slice().buffer }) })
}
