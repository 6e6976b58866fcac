import { describe, expect, it } from 'vitest'
import { AccountCache } from '#src/directory/account-cache.ts'

const alice = (status: string) => ({ did: 'did:plc:alice', handle: 'alice.test', status })

describe('account cache', () => {
  it('the account cache reads once, and again after a change', async () => {
    const cache = new AccountCache()
    let reads = 0
    const read = async () => alice(String(++reads))
    await cache.get('alice.test', read)
    expect(await cache.get('alice.test', read)).toEqual(alice('1'))
    cache.clear()
    expect(await cache.get('alice.test', read)).toEqual(alice('2'))
  })

  it('the account cache never stores a row that was read before a change', async () => {
    const cache = new AccountCache()
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof alice>>()
    const early = cache.get('alice.test', () => promise)
    cache.clear()
    resolve(alice('old'))
    expect(await early).toEqual(alice('old'))
    expect(await cache.get('alice.test', async () => alice('new'))).toEqual(alice('new'))
  })

  it('the account cache does not store that an account is unknown', async () => {
    const cache = new AccountCache()
    expect(await cache.get('alice.test', async () => undefined)).toBeUndefined()
    expect(await cache.get('alice.test', async () => alice('new'))).toEqual(alice('new'))
  })
})
