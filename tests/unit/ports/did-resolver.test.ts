import { beforeEach, describe, expect, it, vi } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { cachedResolver, publishedDocuments } from '#src/ports/did-resolver.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const plcDocument = plcDidDocument({
  did,
  rotationKeys: [],
  verificationMethods: { atproto: 'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF' },
  alsoKnownAs: ['at://alice.test'],
  services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://pds.test' } },
})

describe('publishedDocuments', () => {
  const keyless = { id: 'did:web:keyless.com', verificationMethod: [{ id: '#atproto' }] }
  const answers: Record<string, () => Response> = {
    [`http://plc.test:2582/${encodeURIComponent(did)}`]: () => Response.json(plcDocument),
    'http://plc.test:2582/did%3Aplc%3Atombstone': () => Response.json({}, { status: 410 }),
    'http://plc.test:2582/did%3Aplc%3Abusy': () => Response.json({}, { status: 429 }),
    'https://example.com/.well-known/did.json': () => Response.json({ id: 'did:web:example.com' }),
    'http://localhost:2583/.well-known/did.json': () =>
      Response.json({ id: 'did:web:localhost%3A2583' }),
    'https://gone.com/.well-known/did.json': () => new Response(null, { status: 410 }),
    'https://liar.com/.well-known/did.json': () => Response.json({ id: 'did:web:example.com' }),
    'https://text.com/.well-known/did.json': () => Response.json('no document'),
    'https://keyless.com/.well-known/did.json': () => Response.json(keyless),
    'https://down.com/.well-known/did.json': () => new Response('', { status: 503 }),
    'https://broken.com/.well-known/did.json': () => {
      throw new TypeError('fetch failed')
    },
  }
  const requests: string[] = []
  const fetchAs = (name: string) => async (url: unknown) => {
    requests.push(`${name} ${url}`)
    return answers[String(url)]?.() ?? new Response('', { status: 404 })
  }
  const documents = publishedDocuments({
    ...{ plcUrl: 'http://plc.test:2582', timeoutMs: 1000 },
    plcFetch: fetchAs('plc') as typeof globalThis.fetch,
    webFetch: fetchAs('web') as typeof globalThis.fetch,
  })

  beforeEach(() => {
    requests.length = 0
  })

  it('did:plc documents are those of the directory, fetched without the SSRF guard', async () => {
    expect(await documents.resolve(did)).toEqual(plcDocument)
    expect(requests).toEqual([`plc http://plc.test:2582/${encodeURIComponent(did)}`])
  })

  it('did:web documents are fetched from the host that the DID names, through the SSRF guard', async () => {
    expect(await documents.resolve('did:web:example.com')).toEqual({ id: 'did:web:example.com' })
    expect(await documents.resolve('did:web:localhost%3A2583')).toBeDefined()
    expect(requests).toEqual([
      'web https://example.com/.well-known/did.json',
      'web http://localhost:2583/.well-known/did.json',
    ])
  })

  it.each(['did:plc:unknown', 'did:plc:tombstone', 'did:web:other.com', 'did:web:gone.com'])(
    'publishedDocuments returns undefined for %s',
    async (unknown) => {
      expect(await documents.resolve(unknown)).toBeUndefined()
      expect(requests).toHaveLength(1)
    },
  )

  it.each([
    'did:web:example.com:user',
    'did:web:example.com%2Fuser',
    'did:web:user%40example.com',
    'did:web:a/b',
    'did:web:',
    'did:web',
    'did:key:z',
    'nonsense',
  ])('publishedDocuments fetches nothing for %s', async (invalid) => {
    expect(await documents.resolve(invalid)).toBeUndefined()
    expect(requests).toEqual([])
  })

  it.each([
    'did:plc:busy',
    ...['liar', 'text', 'keyless', 'down', 'broken'].map((name) => `did:web:${name}.com`),
  ])('publishedDocuments throws 502 for %s, of which nothing is known', async (unavailable) => {
    await expect(documents.resolve(unavailable)).rejects.toMatchObject({
      ...{ status: 502, error: 'UpstreamFailure' },
      message: `Could not fetch the document of ${unavailable}`,
    })
  })
})

describe('cachedResolver', () => {
  const resolve = vi.fn()
  let now = 0
  const open = (most = 10) => {
    const clock = { now: () => now }
    return cachedResolver({ resolve }, { clock, staleMs: 1000, maxAgeMs: 5000, maxEntries: most })
  }

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
    now = 999
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(1)
  })

  it('cachedResolver returns a stale document and refreshes it in the background', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 1000
    expect(await resolver.resolve('did:a')).toMatchObject({ at: 0 })
    await expect.poll(() => resolver.resolve('did:a')).toMatchObject({ at: 1000 })
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  it('cachedResolver returns a stale document while resolving fails, up to its maximum age', async () => {
    const resolver = open()
    await resolver.resolve('did:a')
    now = 4999
    resolve.mockRejectedValue(new XrpcError(502, 'UpstreamFailure', 'unreachable'))
    expect(await resolver.resolve('did:a')).toMatchObject({ id: 'did:a' })
    await expect(resolver.resolve('did:b')).rejects.toMatchObject({ status: 502 })
    now = 5000
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

  it('cachedResolver keeps a bounded number of documents', async () => {
    const resolver = open(1)
    await resolver.resolve('did:a')
    await resolver.resolve('did:b')
    await resolver.resolve('did:b')
    expect(resolve).toHaveBeenCalledTimes(2)
    await resolver.resolve('did:a')
    expect(resolve).toHaveBeenCalledTimes(3)
  })
})
