import { describe, expect, it } from 'vitest'
import { newAccountHandle, serviceDomainOf } from '#src/identity/handles.ts'
import { reservedNames } from '#src/identity/reserved-handles.ts'

const domains = ['.pds.example.com', '.test']

describe('newAccountHandle', () => {
  it.each([
    ['alice.test', 'alice.test'],
    ['ALICE.Test', 'alice.test'],
    ['bob-2.pds.example.com', 'bob-2.pds.example.com'],
    ['abc.test', 'abc.test'],
    [`${'a'.repeat(18)}.test`, `${'a'.repeat(18)}.test`],
  ])('allows %s', (text, handle) => {
    expect(newAccountHandle(text, domains)).toBe(handle)
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
    ['alice.example.com', 'UnsupportedDomain'],
    ['pds.example.com', 'UnsupportedDomain'],
    ['alice.com', 'UnsupportedDomain'],
    ['admin.test', 'HandleNotAvailable'],
    ['BSKY.test', 'HandleNotAvailable'],
  ])('refuses "%s" as %s', (text, error) => {
    expect(() => newAccountHandle(text, domains)).toThrow(
      expect.objectContaining({ status: 400, error }),
    )
  })

  it('reserves names that a handle can spell', () => {
    expect(reservedNames.size).toBeGreaterThan(900)
    for (const name of reservedNames) expect(name).toMatch(/^[a-z0-9-]{3,18}$/)
  })
})

describe('serviceDomainOf', () => {
  it('tells our domains from others', () => {
    expect(serviceDomainOf('alice.test', domains)).toBe('.test')
    expect(serviceDomainOf('alice.com', domains)).toBeUndefined()
  })
})
