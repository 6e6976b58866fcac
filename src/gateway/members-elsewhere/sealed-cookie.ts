/** Encrypted cookies, which only this server can read and write. A sign-in at another server is kept in them, not stored here. */
import { hkdfSync } from 'node:crypto'
import { parse, serialize } from 'hono/utils/cookie'
import type { Clock } from '#src/ports/clock.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { parsedJson } from '#src/protocol/json-bounds.ts'

/** Browsers drop cookies of more than 4096 bytes. */
const MAX_LENGTH = 3_900

export interface SealedCookie<T> {
  /** A Set-Cookie value; undefined if `value` is too long for a cookie. */
  write(value: T): string | undefined
  /** Undefined if there is none, it has expired, or it is not of this server. */
  read(cookies: string | undefined): T | undefined
  /** The Set-Cookie value that deletes it. */
  readonly clear: string
}

/** Equal for all gateways that share `secret`, so that each reads the others' cookies. */
export function sealedCookie<T extends object>(
  name: string,
  {
    secret,
    clock,
    publicUrl,
    lifetimeMs,
  }: { secret: Uint8Array; clock: Clock; publicUrl: string; lifetimeMs: number },
): SealedCookie<T> {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'headwater members elsewhere', 32))
  const keychain = createKeychain(key)
  const secure = publicUrl.startsWith('https:')
  const fullName = secure ? `__Host-${name}` : name
  const write = (value: string, maxAge: number) =>
    serialize(fullName, value, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge })

  function open(text: string): { value: T; until: number } | undefined {
    try {
      const sealed = keychain.open(Buffer.from(text, 'base64url'), name)
      return parsedJson(Buffer.from(sealed).toString()) as { value: T; until: number }
    } catch {
      return undefined
    }
  }

  return {
    write(value) {
      const text = JSON.stringify({ value, until: clock.now() + lifetimeMs })
      const sealed = Buffer.from(keychain.seal(Buffer.from(text), name)).toString('base64url')
      return sealed.length > MAX_LENGTH ? undefined : write(sealed, lifetimeMs / 1000)
    },
    read(cookies) {
      const text = cookies === undefined ? undefined : parse(cookies, fullName)[fullName]
      if (text === undefined || text.length > MAX_LENGTH) return undefined
      const found = open(text)
      return found !== undefined && found.until > clock.now() ? found.value : undefined
    },
    clear: write('', 0),
  }
}
