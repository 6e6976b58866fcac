import { beforeEach, describe, expect, it, vi } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { cachedResolver } from '#src/ports/cached-did-resolver.ts'

describe('cachedResolver', () => {
  const resolve = vi.fn()
  let now = 0
  const open = (bounds: { maxBytes?: number; maxLookups?: number } = {}) => {
    const clock = { now: () => now }
    return cachedResolver({ resolve }, { clock, staleMs: 10_000, maxAgeMs: 50_000, ...bounds })
  }
  const limited = { isLimited: true }
  const failure = new XrpcError(502, 'UpstreamFailure', 'unreachable')

  beforeEach(() => {
    now = 0
    resolve.mockReset().mockImplementation(async (id) => ({ id, at: now }))
  })

  it('cachedResolver resolves a DID once while the document is fresh', async () => {
    const resolver = open()
    const both = await Promise.all([resolver.resolve('did:a'), resolver.resolve('did:a')])
    expect(both).toEqual([
      { id: 'did:a', at: 0 },
      { id: 'did:a', at: 0 },
    ])
    now = 9_999
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(1)
  })

  it('cachedResolver returns a stale document and refreshes it in the background', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 10_000
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 0 })
    await expect.poll(() => resolver.resolve('did:a')).toMatchObject({ at: 10_000 })
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  it('cachedResolver returns a stale document while resolving fails, up to its maximum age', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 49_999
    resolve.mockRejectedValue(failure)
    expect(await resolver.resolve('did:a')).toMatchObject({ id: 'did:a' })
    await expect(resolver.resolve('did:b')).rejects.toMatchObject({ status: 502 })
    now = 55_000
    await expect(resolver.resolve('did:a')).rejects.toMatchObject({ status: 502 })
  })

  it('cachedResolver drops a document when the DID no longer resolves', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    resolve.mockResolvedValue(undefined)
    expect(await resolver.refresh('did:a')).toBeUndefined()
    expect(await resolver.resolve('did:a')).toBeUndefined()
  })

  it('cachedResolver never returns a document from before a refresh, even if it arrives late', async () => {
    const resolver = open()
    const late = Promise.withResolvers<object>()
    resolve.mockReturnValueOnce(late.promise)
    const first = resolver.resolve('did:a')
    now = 10
    expect(await resolver.refresh('did:a')).toMatchObject({ at: 10 })
    late.resolve({ id: 'did:a', at: 0 })
    await first
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 10 })
  })

  it('cachedResolver never returns a document from before a refresh that found none', async () => {
    const resolver = open()
    const late = Promise.withResolvers<object>()
    resolve.mockReturnValueOnce(late.promise).mockResolvedValueOnce(undefined)
    const first = resolver.resolve('did:a')
    expect(await resolver.refresh('did:a')).toBeUndefined()
    late.resolve({ id: 'did:a', at: 0 })
    await first
    resolve.mockResolvedValueOnce(undefined)
    expect(await resolver.resolve('did:a')).toBeUndefined()
    now = 5_000
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 5_000 })
  })

  it('cachedResolver looks up again at once after a refresh by this server that failed', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    resolve.mockRejectedValue(failure)
    now = 1
    await expect(resolver.refresh('did:a')).rejects.toBe(failure)
    await expect(resolver.refresh('did:b')).rejects.toBe(failure)
    resolve.mockImplementation(async (id) => ({ id, at: now }))
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 0 })
    await expect.poll(() => resolver.resolve('did:a')).toMatchObject({ at: 1 })
    expect(await resolver.resolve('did:b')).toMatchObject({ at: 1 })
  })

  it('cachedResolver remembers for 5 s that a lookup failed or found nothing', async () => {
    const resolver = open()
    resolve.mockRejectedValueOnce(failure).mockResolvedValueOnce(undefined)
    await expect(resolver.resolve('did:a')).rejects.toBe(failure)
    expect(await resolver.resolve('did:b')).toBeUndefined()
    now = 4_999
    await expect(resolver.resolve('did:a')).rejects.toBe(failure)
    expect(await resolver.resolve('did:b')).toBeUndefined()
    expect(resolve).toHaveBeenCalledTimes(2)
    now = 5_000
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 5_000 })
    expect(await resolver.resolve('did:b')).toMatchObject({ at: 5_000 })
  })

  it('cachedResolver refreshes a DID for callers three times in 10 s, and at any time for this server', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    for (now of [1, 2, 3]) {
      expect(await resolver.refresh('did:a')).toMatchObject({ at: now })
      expect(await resolver.refresh('did:a', limited)).toMatchObject({ at: now })
    }
    now = 10_000
    expect(await resolver.refresh('did:a', limited)).toMatchObject({ at: 3 })
    expect(await resolver.refresh('did:b', limited)).toMatchObject({ at: 10_000 })
    expect(await resolver.refresh('did:a')).toMatchObject({ at: 10_000 })
    now = 10_001
    expect(await resolver.refresh('did:a', limited)).toMatchObject({ at: 10_001 })
    expect(resolve).toHaveBeenCalledTimes(10)
    resolve.mockRejectedValueOnce(failure)
    await expect(resolver.refresh('did:c', limited)).rejects.toBe(failure)
    await expect(resolver.refresh('did:c', limited)).rejects.toBe(failure)
    expect(resolve).toHaveBeenCalledTimes(11)
  })

  it('cachedResolver bounds what it keeps by bytes', async () => {
    const size = 300 + 2 * ('did:a'.length + JSON.stringify({ id: 'did:a', at: 0 }).length)
    const resolver = open({ maxBytes: 2 * size })
    for (const did of ['did:a', 'did:b', 'did:a', 'did:c']) await resolver.resolve(did)
    expect(resolve.mock.calls.flat()).toEqual(['did:a', 'did:b', 'did:c'])
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(3)
    await resolver.resolve('did:b')
    expect(resolve).toHaveBeenCalledTimes(4)
    resolve.mockResolvedValueOnce({ id: 'did:d', at: 'x'.repeat(size) })
    await resolver.resolve('did:d')
    await resolver.resolve('did:d')
    expect(resolve).toHaveBeenCalledTimes(6)
  })

  it('cachedResolver throws 503 if too many lookups of did:web or of other methods are in progress', async () => {
    const resolver = open({ maxLookups: 2 })
    const answer = Promise.withResolvers<object>()
    resolve.mockImplementation(() => answer.promise)
    const running = ['did:web:a', 'did:web:b', 'did:web:b', 'did:plc:a'].map(resolver.resolve)
    const refused = { status: 503, error: 'ServiceUnavailable' }
    await expect(resolver.resolve('did:web:c')).rejects.toMatchObject(refused)
    await expect(resolver.refresh('did:web:c', limited)).rejects.toMatchObject(refused)
    running.push(resolver.resolve('did:plc:b'), resolver.refresh('did:web:c'))
    await expect(resolver.resolve('did:plc:c')).rejects.toMatchObject(refused)
    answer.resolve({ id: 'any' })
    await Promise.all(running)
    expect(await resolver.resolve('did:web:d')).toEqual({ id: 'any' })
  })

  it('cachedResolver does not look up a DID of more than 2,048 characters', async () => {
    const resolver = open()
    expect(await resolver.resolve(`did:web:${'x'.repeat(2048)}`)).toBeUndefined()
    expect(await resolver.refresh(`did:web:${'x'.repeat(2048)}`)).toBeUndefined()
    expect(resolve).not.toHaveBeenCalled()
  })
})
