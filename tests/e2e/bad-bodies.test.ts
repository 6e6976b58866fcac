import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { thing, unknownCid } from '#tests/support/records.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { type CallOptions, call, expectError } from '#tests/support/xrpc-call.ts'

let before: unknown
const bodyTimeoutMs = 5_000
let slow: Promise<{ status: number; body: string; ms: number }>
const { server, alice } = await serverWithAccounts(['alice'], {
  env: { PDS_BODY_TIMEOUT_MS: String(bodyTimeoutMs) },
})
beforeAll(async () => {
  // Started first, so that the other tests run during its timeout of 5 s.
  slow = slowBody()
})

const latest = async () =>
  (await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data
beforeEach(async () => {
  before = await latest()
})
afterEach(async () => expect(await latest()).toEqual(before))

/** The body of a createRecord that succeeds unless `members` changes that, as text. */
function body(members: object = {}): string {
  return JSON.stringify({ repo: alice.did, collection: thing, record: { a: 1 }, ...members })
}

const create = (options: CallOptions) =>
  call(server, 'repo.createRecord', { as: alice, ...options })

describe('a body', () => {
  it.each([
    ['that is cut off', () => body().slice(0, -3), 400],
    ['that is empty', () => '', 400],
    ['that is null', () => 'null', 400],
    ['that is a list', () => '[]', 400],
    ['that is a text', () => '"createRecord"', 400],
    ['with something after it', () => `${body()} true`, 400],
    ['that is no UTF-8', () => Buffer.from(body({ record: { a: 'ÿ' } }), 'latin1'), 400],
    ['of 1 MB', () => body({ record: { a: 'x'.repeat(1_000_000) } }), 413],
    ['of 20 MB', () => body({ record: { a: 'x'.repeat(20_000_000) } }), 413],
    ['of 100,000 lists in lists', () => nested(100_000), 400],
    ['of 40 lists in lists', () => nested(40), 400],
    ['with a __proto__', () => body().replace('"a":1', '"__proto__":{"a":1}'), 400],
  ])('a body %s is rejected', async (_, make, status) => {
    await expectError(create({ body: make() }), status)
  })

  it.each([
    ['text', { 'content-type': 'text/plain' }, 400],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 400],
    ['something unsaid', { 'content-type': '' }, 400],
    ['compressed, and is not', { 'content-encoding': 'gzip' }, 400],
    ['compressed with an unknown encoding', { 'content-encoding': 'snappy' }, 415],
  ])('a body that is labelled %s is rejected', async (_, headers, status) => {
    await expectError(create({ body: body(), headers: headers as never }), status)
  })

  it('a body that decodes to more than the limit is rejected', async () => {
    const packed = gzipSync(body({ record: { a: 'x'.repeat(50_000_000) } }))
    const headers = { 'content-encoding': 'gzip' }
    await expectError(create({ body: packed, headers }), 413)
  })

  it('a body for a method without input, or over a smaller limit, is rejected', async () => {
    await expectError(call(server, 'server.refreshSession', { body: '{}' }), 401)
    const big = body({ rkey: 'x', more: 'x'.repeat(160 * 1024) })
    await expectError(call(server, 'repo.deleteRecord', { as: alice, body: big }), 413)
  })

  function nested(depth: number): string {
    return body().replace('"a":1', `"a":${'['.repeat(depth)}${']'.repeat(depth)}`)
  }
})

describe('a record', () => {
  it.each([
    ['a float', '1.5'],
    ['an infinite number', '1e999'],
    ['an integer too big', '9007199254740993'],
    ['an invalid link', '{"$link":"nonsense"}'],
    ['a link to a CID of version 0', '{"$link":"QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"}'],
    ['a link with something beside it', `{"$link":"${unknownCid}","a":1}`],
    ['invalid bytes', '{"$bytes":"?"}'],
    ['an invalid blob', '{"$type":"blob","ref":"x"}'],
    ['a blob of the old form', `{"cid":"${unknownCid}","mimeType":"image/png"}`],
    ['a NUL', '"a\\u0000b"'],
    ['half a character', '"\\ud800"'],
    ['an invalid $type', '{"$type":5}'],
  ])('a record with %s is rejected', async (_, value) => {
    for (const validate of [undefined, false]) {
      const attempt = create({ body: body({ validate }).replace('"a":1', `"a":${value}`) })
      await expectError(attempt, 400, 'InvalidRequest')
    }
  })

  it.each([
    ['record', []],
    ['record', 'text'],
    ['record', null],
    ['record', { $link: unknownCid }],
    ['collection', 'not an nsid'],
    ['collection', undefined],
    ['repo', 'not a name'],
    ['rkey', 'a/b'],
    ['rkey', 5],
    ['validate', 'yes'],
    ['swapCommit', 'not a cid'],
  ])('a record whose %s is %j is rejected', async (name, value) => {
    await expectError(create({ body: body({ [name]: value }) }), 400, 'InvalidRequest')
  })
})

describe('a client', () => {
  it('a client that disconnects in the middle of its body does no harm', async () => {
    const agent = new Agent()
    for (let i = 0; i < 20; i++) {
      const sending = open({ 'content-length': '1000' }, agent)
      sending.on('error', () => {})
      sending.write('{"repo":')
      sending.destroy()
    }
    await expectError(create({ body: '{' }), 400)
  })

  it('a client that sends its body too slowly is answered 408, not before the timeout', async () => {
    const { status, body, ms } = await slow
    expect([status, JSON.parse(body)]).toMatchObject([408, { error: 'RequestTimeout' }])
    expect(ms).toBeGreaterThan(bodyTimeoutMs)
  })
})

function open(headers: Record<string, string>, agent?: Agent) {
  const authorization = `Bearer ${alice.agent.session!.accessJwt}`
  const url = `${server.url}/xrpc/com.atproto.repo.createRecord`
  const all = { 'content-type': 'application/json', authorization, ...headers }
  return request(url, { method: 'POST', headers: all, ...(agent && { agent }) })
}

/** Sends one byte every half second. */
async function slowBody(): Promise<{ status: number; body: string; ms: number }> {
  const began = performance.now()
  const sending = open({ 'content-length': '1000000' })
  const dripping = setInterval(() => sending.write('{'), 500)
  const { promise, resolve, reject } = Promise.withResolvers<never>()
  sending.on('error', reject)
  sending.on('response', (answer) => {
    clearInterval(dripping)
    const ms = performance.now() - began
    const result = text(answer).then((body) => ({ status: answer.statusCode!, body, ms }))
    resolve(result as never)
  })
  return promise
}
