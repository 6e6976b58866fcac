/** What an authenticator app shows. */
import { Secret, TOTP } from 'otpauth'

/** The code at a moment, in ms since 1970, for the key that a page showed. */
export function totpCode(key: string, timestamp: number): string {
  return new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp })
}
