import { describe, expect, it } from 'vitest'
import {
  isBareDomain,
  isServiceHandle,
  parseHandleSettings,
  serviceDomainOf,
} from '#src/gateway/identity/handle-rules.ts'

const domains = ['.example.com', '.pds.example.com', '.test']

describe('domains', () => {
  it('service domains match only handles directly under them', () => {
    expect(serviceDomainOf('alice.test', domains)).toBe('.test')
    expect(serviceDomainOf('alice.pds.example.com', domains)).toBe('.pds.example.com')
    expect(serviceDomainOf('alice.com', domains)).toBeUndefined()
    expect(isBareDomain('example.com', domains)).toBe(true)
    expect(isBareDomain('alice.example.com', domains)).toBe(false)
    expect(isServiceHandle('example.com', domains)).toBe(true)
    expect(isServiceHandle('notexample.com', domains)).toBe(false)
  })
})

describe('parseHandleSettings', () => {
  it('parseHandleSettings fills in defaults, and lowercases everything', () => {
    expect(parseHandleSettings({ domains: ['.Example.ORG'], reserved: ['Boss', 'boss'] })).toEqual({
      domains: ['.example.org'],
      reserved: ['boss'],
      unreserved: [],
      offensive: [],
    })
  })

  it.each([
    [undefined],
    [[]],
    [{ reserved: 'boss' }],
    [{ reserved: [''] }],
    [{ reserved: [1] }],
    [{ reserved: Array.from({ length: 1001 }, (_, i) => `name${i}`) }],
    [{ domains: ['example.org'] }],
    [{ domains: ['.local'] }],
    [{ domains: ['.exa mple.org'] }],
    [{ unknown: [] }],
  ])('parseHandleSettings rejects %j', (given) => {
    expect(() => parseHandleSettings(given)).toThrow(expect.objectContaining({ status: 400 }))
  })
})
