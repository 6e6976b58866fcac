/** Codes of authenticator apps (TOTP, RFC 6238): six digits, 30 s, SHA-1, which all those apps support. */
import { Secret, TOTP } from 'otpauth'

const PERIOD_S = 30
const SECRET_BYTES = 20

export function newTotpSecret(): Uint8Array {
  return new Uint8Array(new Secret({ size: SECRET_BYTES }).buffer)
}

export function totpEnrolment(
  secret: Uint8Array,
  { issuer, label }: { issuer: string; label: string },
): { uri: string; key: string } {
  const totp = totpOf(secret, { issuer, label })
  return { uri: totp.toString(), key: totp.secret.base32 }
}

/**
 * The time step of the code, in units of 30 s since 1970: the current one or one of its neighbours; undefined for a
 * wrong code. `now` is in ms since 1970.
 */
export function totpStep(secret: Uint8Array, code: string, now: number): number | undefined {
  const delta = totpOf(secret).validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : Math.floor(now / 1000 / PERIOD_S) + delta
}

function totpOf(secret: Uint8Array, names: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({
    ...names,
    period: PERIOD_S,
    secret: new Secret({ buffer: secret.slice().buffer }),
  })
}
