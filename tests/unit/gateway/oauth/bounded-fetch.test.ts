import { expect, it } from 'vitest'
import {
  clientMetadataFetch,
  documentFetch,
  MAX_DOCUMENT_BYTES,
} from '#src/gateway/oauth/bounded-fetch.ts'
import { KeySlots } from '#src/ports/key-slots.ts'

const url = 'https://app.example.com/client-metadata.json'
const serving = (document: unknown, init?: ResponseInit) => async () =>
  Response.json(document, init)
const metadataFetch = (fetch: typeof globalThis.fetch, slots = { max: 9, maxPerKey: 9 }) =>
  clientMetadataFetch(fetch, new KeySlots({ ...slots, maxWaitingPerKey: 0 }), () => 'an address')
const many = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`)

it.each([
  ['1,000 scopes', { scope: many(1000).join(' ') }],
  ['32 keys', { jwks: { keys: many(32) } }],
  ['100 redirect URIs', { redirect_uris: many(100) }],
])('client metadata with %s is accepted unchanged', async (_, document) => {
  const response = await metadataFetch(serving(document))(url)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toEqual(document)
})

it.each([
  ['1,001 scopes', { scope: many(1001).join(' ') }, 'more than 1000 scopes'],
  ['33 keys', { jwks: { keys: many(33) } }, 'more than 32 keys'],
  ['33 keys as a key set', { keys: many(33) }, 'more than 32 keys'],
  ['101 redirect URIs', { redirect_uris: many(101) }, 'an array of more than 100 items'],
  ['many values', Object.fromEntries(many(1000).map((n) => [n, 0])), 'more than 1000 values'],
  ['many levels', JSON.parse('['.repeat(17) + ']'.repeat(17)), 'more than 16 levels'],
  ['a long string', { client_uri: 'x'.repeat(8193) }, 'a string of more than 8192 characters'],
  ['many bytes', 'x'.repeat(MAX_DOCUMENT_BYTES), 'The response is longer than 65536 bytes'],
])('client metadata with %s is refused as invalid_client_metadata', async (_, document, why) => {
  await expect(metadataFetch(serving(document))(new Request(url))).rejects.toMatchObject({
    error: 'invalid_client_metadata',
    status: 400,
    error_description: `The document at ${url} is not accepted: ${why}`,
  })
})

it('what a server answers with an error is not read', async () => {
  const response = await metadataFetch(serving('x'.repeat(100_000), { status: 404 }))(url)
  expect([response.status, await response.text()]).toEqual([404, ''])
})

it('no more client metadata than the bound is fetched at once, in all and for one address', async () => {
  const gate = Promise.withResolvers<void>()
  for (const [slots, status] of [
    [{ max: 9, maxPerKey: 1 }, 429],
    [{ max: 1, maxPerKey: 9 }, 503],
  ] as const) {
    const fetch = metadataFetch(async () => {
      await gate.promise
      return Response.json({})
    }, slots)
    void fetch(url)
    await expect(fetch(url)).rejects.toMatchObject({ error: 'temporarily_unavailable', status })
  }
  gate.resolve()
})

it('of a record (a CAR file) only the bytes are bounded', async () => {
  const car = (length: number) => async () =>
    new Response(new Uint8Array(length), {
      headers: { 'content-type': 'application/vnd.ipld.car' },
    })
  const response = await documentFetch(car(MAX_DOCUMENT_BYTES))(url)
  expect((await response.arrayBuffer()).byteLength).toBe(MAX_DOCUMENT_BYTES)
  await expect(documentFetch(car(MAX_DOCUMENT_BYTES + 1))(url)).rejects.toThrow('longer than')
})
