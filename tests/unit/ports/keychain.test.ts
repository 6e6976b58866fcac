import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeychain } from '#src/ports/keychain.ts'

const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const secret = new Uint8Array(randomBytes(32))

describe('keychain', () => {
  const keys = createKeychain(randomBytes(32))

  it('the keychain opens what it sealed', () => {
    expect(keys.open(keys.seal(secret, did), did)).toEqual(secret)
    expect(keys.open(keys.seal(new Uint8Array(), did), did)).toEqual(new Uint8Array())
  })

  it('the keychain never seals to the same bytes twice, and does not show the secret', () => {
    const sealed = Buffer.from(keys.seal(secret, did))
    expect(sealed.equals(keys.seal(secret, did))).toBe(false)
    expect(sealed.includes(Buffer.from(secret))).toBe(false)
  })

  it('the keychain does not open for another account, with another key, or after a change', () => {
    const sealed = keys.seal(secret, did)
    expect(() => keys.open(sealed, 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb')).toThrow()
    expect(() => createKeychain(randomBytes(32)).open(sealed, did)).toThrow(
      'sealed with another PDS_KEY_ENCRYPTION_KEY_HEX',
    )
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = changed[at]! ^ 1
      expect(() => keys.open(changed, did)).toThrow()
    }
    expect(() => keys.open(sealed.subarray(0, 20), did)).toThrow()
  })

  it('the keychain requires a key of 32 bytes', () => {
    expect(() => createKeychain(randomBytes(16))).toThrow('32 bytes')
  })
})
