import { describe, expect, it } from 'vitest'
import { hashPassword, verifyPassword } from '#src/ports/passwords.ts'
import { deriveKey } from '#src/ports/scrypt.ts'

describe('passwords', () => {
  it("password hashes have the reference's format", async () => {
    const stored = await hashPassword('correct horse')
    const [salt, hash] = stored.split(':')
    expect(salt).toMatch(/^[0-9a-f]{32}$/)
    expect(hash).toBe((await deriveKey('correct horse', salt!, 64)).toString('hex'))
    expect(await hashPassword('correct horse')).not.toBe(stored)
  })

  it('a password matches its own hash only', async () => {
    const stored = await hashPassword('пароль 🔑')
    expect(await verifyPassword('пароль 🔑', stored)).toBe(true)
    expect(await verifyPassword('пароль', stored)).toBe(false)
    expect(await verifyPassword('', stored)).toBe(false)
  })

  it('no password matches a malformed hash', async () => {
    for (const stored of ['', ':', 'salt:', 'salt:zz']) {
      expect(await verifyPassword('', stored)).toBe(false)
    }
  })
})
