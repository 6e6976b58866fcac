import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { thing } from '#tests/support/records.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice } = await serverWithAccounts(['alice'])

function body(text: string): string {
  return JSON.stringify({ repo: alice.did, collection: thing, record: { text } })
}

describe('a body', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('a body may be encoded as %s', async (encoding, pack) => {
    const headers = { 'content-encoding': encoding }
    const packed = pack(body('x'.repeat(100_000)))
    const options = { as: alice, body: packed, headers }
    expect((await call(server, 'repo.createRecord', options)).status).toBe(200)
  })

  it('a body may be chunked, and have a charset', async () => {
    const chunks = new Blob([body('in'), ' ', '\n']).stream()
    const answer = await fetch(`${server.url}/xrpc/com.atproto.repo.createRecord`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        authorization: `Bearer ${alice.agent.session?.accessJwt}`,
      },
      body: chunks,
      duplex: 'half',
    })
    expect(answer.status).toBe(200)
  })

  it('an empty body counts as none', async () => {
    const refresh = (init: RequestInit) =>
      fetch(`${server.url}/xrpc/com.atproto.server.refreshSession`, {
        method: 'POST',
        headers: { authorization: `Bearer ${alice.agent.session?.refreshJwt}` },
        ...init,
      })
    expect((await refresh({})).status).toBe(200)
    expect((await refresh({ body: new Blob([]).stream(), duplex: 'half' })).status).toBe(200)
  })
})

describe('an answer', () => {
  const ask = (method: string, query: string, headers = {}) =>
    fetch(`${server.url}/xrpc/com.atproto.${method}?${query}`, { headers })

  it('a long answer is compressed if the client accepts it', async () => {
    const query = `repo=${alice.did}&collection=${thing}`
    const packed = await ask('repo.listRecords', query, { 'accept-encoding': 'gzip' })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(packed.headers.get('vary')).toContain('Accept-Encoding')
    const plain = await ask('repo.listRecords', query, { 'accept-encoding': 'identity' })
    expect(plain.headers.get('content-encoding')).toBe(null)
    expect(await packed.json()).toEqual(await plain.json())
    const short = await ask('server.describeServer', '', { 'accept-encoding': 'gzip' })
    expect(short.headers.get('content-encoding')).toBe(null)
  })

  it('an answer is JSON, and private if the call had credentials', async () => {
    const { headers } = await call(server, 'server.getSession', { as: alice })
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('cache-control')).toBe('private')
    const open = await call(server, 'server.describeServer', { as: alice })
    expect(open.headers.get('cache-control')).toBe(null)
  })

  it('HEAD answers without a body', async () => {
    const answer = await fetch(`${server.url}/xrpc/com.atproto.server.describeServer`, {
      method: 'HEAD',
    })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  })
})

describe('the order of checks', () => {
  it.each([
    ['verb before all', { verb: 'PUT', body: '{' }, [400, 'InvalidRequest']],
    ['token before the body', { body: '{' }, [401, 'AuthMissing']],
    [
      'size before the syntax',
      { as: 'alice', body: 'x'.repeat(1_100_000) },
      [413, 'PayloadTooLarge'],
    ],
    ['syntax before the repo', { as: 'alice', body: '{' }, [400, 'InvalidRequest']],
    [
      'repo before the record',
      { as: 'alice', body: { repo: 'nobody.test', collection: thing, record: { $type: 'a.b.c' } } },
      [403, 'AccountNotFound'],
    ],
  ])(
    'createRecord checks the %s',
    async (_, { as, ...options }: { as?: string; body: unknown }, expected) => {
      const shown = as === undefined ? {} : { as: alice }
      expect(
        await statusAndError(call(server, 'repo.createRecord', { ...options, ...shown })),
      ).toEqual(expected)
    },
  )

  it('getRepo checks the parameters before the token', async () => {
    const options = { query: { did: 'nonsense' }, as: 'Bearer nonsense' }
    expect(await statusAndError(call(server, 'sync.getRepo', options))).toEqual([
      400,
      'InvalidRequest',
    ])
    const right = { query: { did: alice.did }, as: 'Bearer nonsense' }
    expect(await statusAndError(call(server, 'sync.getRepo', right))).toEqual([400, 'InvalidToken'])
  })
})
