/** Upstream answers that are read as a whole, and the errors for bad ones. */
import { Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { mayBeJson, readUpstreamBody } from '#src/gateway/proxy/upstream-body.ts'
import { upstreamError } from '#src/gateway/proxy/upstream-error.ts'

const answer = (
  body: Iterable<Uint8Array>,
  headers: Record<string, string> = {},
  status = 200,
) => ({
  ...{ status, headers },
  body: Readable.from(body, { objectMode: false }),
})

const text = 'a text, '.repeat(1000)
const read = async (body: Uint8Array, encoding?: string, most = 100_000) => {
  const headers = encoding === undefined ? {} : { 'content-encoding': encoding }
  return Buffer.from(await readUpstreamBody(answer([body], headers), most)).toString()
}

describe('an upstream body', () => {
  it.each([
    ['identity', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('an upstream body in %s is decoded', async (encoding, encode) => {
    expect(await read(encode(Buffer.from(text)), encoding)).toBe(text)
  })

  it('an upstream body is limited by its decoded size, and the rest is discarded', async () => {
    const bomb = answer([gzipSync(Buffer.alloc(50_000_000))], { 'content-encoding': 'gzip' })
    await expect(readUpstreamBody(bomb, 100_000)).rejects.toMatchObject({
      ...{ status: 502, error: 'UpstreamFailure', message: 'upstream response too large' },
    })
    expect(bomb.body.destroyed).toBe(true)
    await expect(read(Buffer.alloc(200_000))).rejects.toMatchObject({ status: 502 })
  })

  it.each([
    ['that is not what it says', Buffer.from(text), 'gzip'],
    ['that breaks off', gzipSync(text).subarray(0, 30), 'gzip'],
    ['in an encoding that was not accepted', Buffer.from(text), 'zstd'],
    ['in several encodings', Buffer.from(text), 'gzip, br'],
  ])('an upstream body with %s is an upstream error', async (_, body, encoding) => {
    await expect(read(body, encoding)).rejects.toMatchObject({ status: 502 })
  })

  it('an upstream body is parsed as JSON if its type says so, or is missing', () => {
    const types = [undefined, 'application/json', 'application/ld+json; charset=utf-8', 'text/html']
    const found = types.map((type) => mayBeJson({ headers: { 'content-type': type } }))
    expect(found).toEqual([true, true, true, false])
  })
})

describe('an upstream error', () => {
  const refusal = (status: number, body: string, type = 'application/json') => {
    const headers = { 'content-type': type, 'retry-after': '5', 'set-cookie': 'x' }
    return upstreamError(answer([Buffer.from(body)], headers, status), 10_000)
  }

  it.each([
    [400, '{"error":"Mine","message":"mine"}', 400, 'Mine', 'mine'],
    [500, '{"error":"Mine","message":"mine"}', 502, 'Mine', 'mine'],
    [404, '{}', 404, 'XRPCNotSupported', 'XRPC Not Supported'],
    [418, 'no JSON', 418, 'InvalidRequest', 'Invalid Request'],
    [599, '[1]', 599, 'UpstreamFailure', 'Upstream Failure'],
    [403, '{"error":7,"message":{}}', 403, 'Forbidden', 'Forbidden'],
    [401, 'null', 401, 'AuthenticationRequired', 'Authentication Required'],
    [400, `{"error":"${'x'.repeat(20_000)}"}`, 400, 'InvalidRequest', 'Invalid Request'],
  ])('an upstream error %i with %.20s is passed on', async (status, body, ...expected) => {
    const error = await refusal(status, body)
    expect([error.status, error.error, error.message]).toEqual(expected)
    expect(error.headers).toEqual({ 'retry-after': '5' })
  })

  it('an upstream error that is not JSON is not read', async () => {
    const error = await refusal(503, '<html>', 'text/html')
    expect([error.status, error.error]).toEqual([503, 'NotEnoughResources'])
  })
})
