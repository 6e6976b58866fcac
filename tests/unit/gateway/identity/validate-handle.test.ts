import { describe, expect, it, vi } from 'vitest'
import { handleRules, noHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import { reservedNames } from '#src/gateway/identity/reserved-handles.ts'
import { validateHandleClaim, validateNewHandle } from '#src/gateway/identity/validate-handle.ts'

const domains = ['.pds.example.com', '.test']
const rules = handleRules(domains)
const did = 'did:plc:abcdefghijklmnopqrstuvwx'

describe('validateNewHandle', () => {
  it.each([
    ['alice.test', 'alice.test'],
    ['ALICE.Test', 'alice.test'],
    ['bob-2.pds.example.com', 'bob-2.pds.example.com'],
    ['abc.test', 'abc.test'],
    [`${'a'.repeat(18)}.test`, `${'a'.repeat(18)}.test`],
  ])('validateNewHandle accepts %s', (text, handle) => {
    expect(validateNewHandle(text, rules)).toBe(handle)
  })

  it.each([
    ['alice', 'InvalidHandle'],
    ['', 'InvalidHandle'],
    ['.test', 'InvalidHandle'],
    ['al ice.test', 'InvalidHandle'],
    ['-alice.test', 'InvalidHandle'],
    ['al_ice.test', 'InvalidHandle'],
    ['älice.test', 'InvalidHandle'],
    ['alice..test', 'InvalidHandle'],
    ['alice.test.', 'InvalidHandle'],
    ['alice.test\0', 'InvalidHandle'],
    [`${'a'.repeat(260)}.test`, 'InvalidHandle'],
    ['a.alice.test', 'InvalidHandle'],
    ['al.test', 'InvalidHandle'],
    [`${'a'.repeat(19)}.test`, 'InvalidHandle'],
    ['alice.local', 'InvalidHandle'],
    ['handle.invalid', 'InvalidHandle'],
    ['k1ke.test', 'InvalidHandle'],
    ['fag.example.com', 'InvalidHandle'],
    ['alice.example.com', 'UnsupportedDomain'],
    ['pds.example.com', 'UnsupportedDomain'],
    ['alice.com', 'UnsupportedDomain'],
    ['admin.test', 'HandleNotAvailable'],
    ['BSKY.test', 'HandleNotAvailable'],
  ])('validateNewHandle rejects "%s" as %s', (text, error) => {
    expect(() => validateNewHandle(text, rules)).toThrow(
      expect.objectContaining({ status: 400, error }),
    )
  })

  it('validateNewHandle matches the longest service domain', () => {
    const nested = handleRules(['.example.com', '.pds.example.com'])
    expect(validateNewHandle('alice.pds.example.com', nested)).toBe('alice.pds.example.com')
  })

  it("validateNewHandle follows the operator's handle settings", () => {
    const changed = handleRules(domains, {
      ...noHandleSettings,
      domains: ['.example.org'],
      reserved: ['boss'],
      unreserved: ['admin'],
      offensive: ['rude'],
    })
    expect(validateNewHandle('alice.example.org', changed)).toBe('alice.example.org')
    expect(validateNewHandle('admin.test', changed)).toBe('admin.test')
    expect(() => validateNewHandle('boss.test', changed)).toThrow('Reserved handle')
    expect(() => validateNewHandle('so-rude-1.test', changed)).toThrow('Inappropriate language')
  })

  it('every reserved name is a valid handle label', () => {
    expect(reservedNames.size).toBeGreaterThan(900)
    for (const name of reservedNames) expect(name).toMatch(/^[a-z0-9-]{3,18}$/)
  })
})

describe('validateHandleClaim', () => {
  const resolve = vi.fn(async (handle: string) => (handle === 'alice.example.com' ? did : 'did:x'))

  it('validateHandleClaim resolves nothing for handles under a service domain', async () => {
    resolve.mockClear()
    expect(await validateHandleClaim({ did, handle: 'Alice.test' }, rules, resolve)).toBe(
      'alice.test',
    )
    expect(resolve).not.toHaveBeenCalled()
  })

  it('validateHandleClaim accepts a domain only if it resolves to the DID', async () => {
    const own = { did, handle: 'ALICE.example.com' }
    expect(await validateHandleClaim(own, rules, resolve)).toBe('alice.example.com')
    const other = validateHandleClaim({ did, handle: 'bob.example.com' }, rules, resolve)
    await expect(other).rejects.toThrow('External handle did not resolve to DID')
  })

  it('validateHandleClaim lets the admin use reserved and offensive names, and a service domain itself', async () => {
    const give = (handle: string, allowAnyValid = true) =>
      validateHandleClaim({ did, handle, allowAnyValid }, rules, resolve)
    expect(await give('admin.test')).toBe('admin.test')
    expect(await give('k1ke.test')).toBe('k1ke.test')
    expect(await give('pds.example.com')).toBe('pds.example.com')
    await expect(give('pds.example.com', false)).rejects.toThrow('did not resolve')
    await expect(give('bob.example.com')).rejects.toThrow('did not resolve')
    await expect(give('al.test')).rejects.toThrow('Handle too short')
  })
})
