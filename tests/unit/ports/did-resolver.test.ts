import { beforeEach, describe, expect, it } from 'vitest'
import { publishedDocuments } from '#src/ports/did-resolver.ts'
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
  const sized = (name: string, bytes: number) => {
    const text = JSON.stringify({ id: `did:web:${name}.com`, x: '' })
    return new Response(text.replace('""', `"${'x'.repeat(bytes - text.length)}"`))
  }
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
    'https://largest.com/.well-known/did.json': () => sized('largest', 64 * 1024),
    'https://large.com/.well-known/did.json': () => sized('large', 64 * 1024 + 1),
    'https://deep.com/.well-known/did.json': () =>
      new Response(`{"id":"did:web:deep.com","x":${'['.repeat(40)}${']'.repeat(40)}}`),
    'https://wide.com/.well-known/did.json': () =>
      Response.json({ id: 'did:web:wide.com', service: Array(201).fill(0) }),
    'https://full.com/.well-known/did.json': () =>
      Response.json({ id: 'did:web:full.com', service: { ...Array(2000).fill(0) } }),
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

  it('publishedDocuments accepts documents of 64 KiB', async () => {
    expect(await documents.resolve('did:web:largest.com')).toMatchObject({
      id: 'did:web:largest.com',
    })
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
    ...['liar', 'text', 'keyless', 'large', 'deep', 'wide', 'full', 'down', 'broken'].map(
      (name) => `did:web:${name}.com`,
    ),
  ])('publishedDocuments throws 502 for %s, of which nothing is known', async (unavailable) => {
    await expect(documents.resolve(unavailable)).rejects.toMatchObject({
      ...{ status: 502, error: 'UpstreamFailure' },
      message: `Could not fetch the document of ${unavailable}`,
    })
  })
})
