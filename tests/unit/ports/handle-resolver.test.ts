import { describe, expect, it } from 'vitest'
import { boundedHandles, handleResolver, xrpcHandleResolver } from '#src/ports/handle-resolver.ts'
import { startNameServer } from '#tests/support/name-server.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const other = 'did:web:other.example.com'

/** A resolver for a network with these TXT records and well-known files. */
function open(
  fixture: { txt?: Record<string, string[]>; pages?: Record<string, Response> } = {},
  more: { backupNameservers?: string[] } = {},
) {
  return handleResolver({
    resolveTxt: async (name) => fixture.txt?.[name] ?? null,
    fetch: (async (url: unknown) => {
      const page = fixture.pages?.[String(url)]
      if (page === undefined) throw new TypeError('fetch failed')
      return page
    }) as typeof globalThis.fetch,
    timeoutMs: 500,
    ...more,
  })
}

describe('handleResolver', () => {
  const page = 'https://alice.example.com/.well-known/atproto-did'
  const record = '_atproto.alice.example.com'

  it('handleResolver resolves the TXT record', async () => {
    const resolver = open({ txt: { [record]: ['v=spf1', `did=${did}`] } })
    expect(await resolver.resolve('alice.example.com')).toBe(did)
  })

  it('handleResolver resolves the well-known file if there is no record', async () => {
    const resolver = open({ pages: { [page]: new Response(`${did}\n`) } })
    expect(await resolver.resolve('alice.example.com')).toBe(did)
  })

  it('handleResolver prefers the TXT record', async () => {
    const pages = { [page]: new Response(other) }
    const resolver = open({ txt: { [record]: [`did=${did}`] }, pages })
    expect(await resolver.resolve('alice.example.com')).toBe(did)
  })

  it.each([
    ['nothing', {}],
    ['two records', { txt: { [record]: [`did=${did}`, `did=${other}`] } }],
    ['a record that is no DID', { txt: { [record]: ['did=alice'] } }],
    ['a page that is no DID', { pages: { [page]: new Response('<html>') } }],
    ['an error page', { pages: { [page]: new Response(did, { status: 500 }) } }],
  ])('handleResolver returns undefined if there is %s', async (_, fixture) => {
    expect(await open(fixture).resolve('alice.example.com')).toBeUndefined()
  })

  it('handleResolver asks the backup name servers last', async () => {
    const server = await startNameServer()
    try {
      server.records[record] = `did=${did}`
      const resolver = open({}, { backupNameservers: [server.address] })
      expect(await resolver.resolve('alice.example.com')).toBe(did)
      expect(await resolver.resolve('bob.example.com')).toBeUndefined()
    } finally {
      server.close()
    }
  })
})

describe('xrpcHandleResolver', () => {
  const open = (answer: Response) =>
    xrpcHandleResolver({
      url: 'https://api.example.com',
      timeoutMs: 500,
      fetch: async () => answer,
    })

  it("xrpcHandleResolver returns the service's answer", async () => {
    expect(await open(Response.json({ did })).resolve('alice.example.com')).toBe(did)
  })

  it('xrpcHandleResolver returns undefined if the service has no answer or fails', async () => {
    const unknown = { error: 'InvalidRequest', message: 'Unable to resolve handle' }
    const refusal = Response.json(unknown, { status: 400 })
    expect(await open(refusal).resolve('alice.example.com')).toBeUndefined()
    const failure = new Response('', { status: 500 })
    expect(await open(failure).resolve('alice.example.com')).toBeUndefined()
  })
})

it('boundedHandles throws 503 instead of looking up more handles at once', async () => {
  const answer = Promise.withResolvers<string>()
  const resolver = boundedHandles({ resolve: () => answer.promise }, 2)
  const running = [resolver.resolve('a.example.com'), resolver.resolve('b.example.com')]
  await expect(resolver.resolve('c.example.com')).rejects.toMatchObject({ status: 503 })
  answer.resolve(did)
  await Promise.all(running)
  expect(await resolver.resolve('c.example.com')).toBe(did)
})
