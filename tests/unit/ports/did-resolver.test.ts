import { beforeEach, describe, expect, it, vi } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import {
  cachedResolver,
  plcResolver,
  resolverByMethod,
  webResolver,
} from '#src/ports/did-resolver.ts'

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
    getDocumentData: async (requests: string) => (requests === did ? data : undefined),
  } as never)

  it('plcResolver builds the DID document from the PLC data', async () => {
    expect(await resolver.resolve(did)).toMatchObject({
      id: did,
      alsoKnownAs: ['at://alice.test'],
      service: [{ id: '#atproto_pds', serviceEndpoint: 'https://pds.test' }],
    })
  })

  it('plcResolver writes keys as plc.directory does', async () => {
    expect(await resolver.resolve(did)).toMatchObject({
      '@context': [
        'https://www.w3.org/ns/did/v1',
        'https://w3id.org/security/multikey/v1',
        'https://w3id.org/security/suites/secp256k1-2019/v1',
      ],
      verificationMethod: [
        {
          id: `${did}#atproto`,
          type: 'Multikey',
          controller: did,
          publicKeyMultibase: 'zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF',
        },
      ],
    })
  })

  it('plcResolver returns undefined for an unknown DID', async () => {
    expect(await resolver.resolve('did:plc:unknownunknownunknownunk')).toBeUndefined()
    expect(await resolver.resolve('did:web:example.com')).toBeUndefined()
  })
})

describe('webResolver', () => {
  const documents: Record<string, unknown> = {
    'https://example.com/.well-known/did.json': { id: 'did:web:example.com', alsoKnownAs: [] },
    'http://localhost:2583/.well-known/did.json': { id: 'did:web:localhost%3A2583' },
    'https://liar.com/.well-known/did.json': { id: 'did:web:example.com' },
    'https://text.com/.well-known/did.json': 'no document',
  }
  const requests: string[] = []
  const fetch = async (url: unknown) => {
    requests.push(String(url))
    const document = documents[String(url)]
    if (String(url).includes('broken.com')) throw new TypeError('fetch failed')
    return document === undefined ? new Response('', { status: 404 }) : Response.json(document)
  }
  const resolver = webResolver({ fetch: fetch as typeof globalThis.fetch })

  it("webResolver fetches the document from the DID's host", async () => {
    expect(await resolver.resolve('did:web:example.com')).toEqual({
      id: 'did:web:example.com',
      alsoKnownAs: [],
    })
    expect(await resolver.resolve('did:web:localhost%3A2583')).toBeDefined()
  })

  it('webResolver returns undefined for a host without a document, a path, or an invalid host', async () => {
    requests.length = 0
    expect(await resolver.resolve('did:web:other.com')).toBeUndefined()
    expect(requests).toHaveLength(1)
    for (const none of ['did:web:example.com:user', 'did:web:', 'did:web:a/b', 'did:web:a%2Fb']) {
      expect(await resolver.resolve(none)).toBeUndefined()
    }
    expect(requests).toHaveLength(1)
  })

  it.each(['liar', 'text', 'broken'])(
    'webResolver throws if %s.com answers badly',
    async (name) => {
      await expect(resolver.resolve(`did:web:${name}.com`)).rejects.toMatchObject({ status: 502 })
    },
  )
})

describe('resolverByMethod', () => {
  const source = (name: string) => ({ resolve: async (id: string) => ({ id, name }) })
  const resolver = resolverByMethod({ plc: source('plc'), web: source('web') })

  it('resolverByMethod selects the resolver by DID method', async () => {
    expect(await resolver.resolve(did)).toMatchObject({ name: 'plc' })
    expect(await resolver.resolve('did:web:example.com')).toMatchObject({ name: 'web' })
    expect(await resolver.resolve('did:key:z')).toBeUndefined()
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
