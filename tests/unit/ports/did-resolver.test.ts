import { beforeEach, describe, expect, it, vi } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { cachedResolver, plcResolver } from '#src/ports/did-resolver.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const data = {
  did,
  rotationKeys: [],
  verificationMethods: { atproto: 'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF' },
  alsoKnownAs: ['at://alice.test'],
  services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://pds.test' } },
}

describe('plcResolver', () => {
  const resolver = plcResolver({
    data: async (asked: string) => (asked === did ? data : undefined),
  } as never)

  it('makes the document of what the directory knows', async () => {
    expect(await resolver.resolve(did)).toMatchObject({
      id: did,
      alsoKnownAs: ['at://alice.test'],
      service: [{ id: '#atproto_pds', serviceEndpoint: 'https://pds.test' }],
    })
  })

  it('knows nothing else', async () => {
    expect(await resolver.resolve('did:plc:unknownunknownunknownunk')).toBeUndefined()
    expect(await resolver.resolve('did:web:example.com')).toBeUndefined()
  })
})

describe('cachedResolver', () => {
  const resolve = vi.fn()
  let now = 0
  const open = (most = 10) => {
    const clock = { now: () => now }
    return cachedResolver({ resolve }, { clock, freshMs: 1000, most })
  }

  beforeEach(() => {
    now = 0
    resolve.mockReset().mockImplementation(async (id) => ({ id }))
  })

  it('asks again only when the document is old', async () => {
    const resolver = open()
    expect(await resolver.resolve('did:a')).toEqual({ id: 'did:a' })
    now = 999
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(1)
    now = 1000
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  it('makes do with an old document while nobody can tell', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 5000
    resolve.mockRejectedValue(new XrpcError(502, 'UpstreamFailure', 'unreachable'))
    expect(await resolver.resolve('did:a')).toEqual({ id: 'did:a' })
    await expect(resolver.resolve('did:b')).rejects.toMatchObject({ status: 502 })
  })

  it('forgets what has ended', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 5000
    resolve.mockResolvedValueOnce(undefined)
    expect(await resolver.resolve('did:a')).toBeUndefined()
    resolve.mockRejectedValueOnce(new XrpcError(502, 'UpstreamFailure', 'unreachable'))
    await expect(resolver.resolve('did:a')).rejects.toMatchObject({ status: 502 })
  })

  it('keeps only so many', async () => {
    const resolver = open(1)
    await resolver.resolve('did:a')
    await resolver.resolve('did:b')
    await resolver.resolve('did:b')
    expect(resolve).toHaveBeenCalledTimes(2)
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(3)
  })
})
