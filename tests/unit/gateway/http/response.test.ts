import type { ServerResponse } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import { closing } from '#src/gateway/http/byte-stream.ts'
import { errorResponse, RawResponse, sendError, toResponse } from '#src/gateway/http/response.ts'

const manner = { mediaType: 'application/json', isPersonal: false, acceptEncoding: undefined }
const car = { ...manner, mediaType: 'application/vnd.ipld.car' }
const long = { text: 'long '.repeat(500) }

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer())
}

describe('a JSON response', () => {
  it('JSON responses can be read by every origin', async () => {
    const response = await toResponse({ a: 1 }, manner)
    expect(await response.text()).toBe('{"a":1}')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('DPoP-Nonce')
    expect(response.headers.get('cache-control')).toBeNull()
    expect(response.headers.get('vary')).toBeNull()
  })

  it('JSON responses of one account are not cached for another', async () => {
    const response = await toResponse(long, { ...manner, isPersonal: true })
    expect(response.headers.get('cache-control')).toBe('private')
    expect(response.headers.get('vary')).toBe('Authorization, Accept-Encoding')
  })

  it.each(['gzip', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.5'])(
    'JSON is compressed for Accept-Encoding: %s',
    async (header) => {
      const response = await toResponse(long, { ...manner, acceptEncoding: header })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(response.headers.get('vary')).toBe('Accept-Encoding')
      expect(gunzipSync(await bytesOf(response)).toString()).toBe(JSON.stringify(long))
    },
  )

  it.each([undefined, 'br', 'identity', 'gzip;q=0', 'x-gzipped'])(
    'JSON is not compressed for Accept-Encoding: %s',
    async (header) => {
      const response = await toResponse(long, { ...manner, acceptEncoding: header })
      expect(response.headers.get('content-encoding')).toBeNull()
      expect(await response.json()).toEqual(long)
    },
  )

  it.each([
    ['gzip, identity;q=0', 'gzip', gunzipSync],
    ['deflate, *;q=0', 'deflate', inflateSync],
    ['br, identity;q=0.0', 'br', brotliDecompressSync],
  ])(
    'JSON of any size is compressed for a client that refuses identity: %s',
    async (header, encoding, unpack) => {
      for (const value of [{ a: 1 }, long]) {
        const response = await toResponse(value, { ...manner, acceptEncoding: header })
        expect(response.headers.get('content-encoding')).toBe(encoding)
        expect(JSON.parse(unpack(await bytesOf(response)).toString())).toEqual(value)
      }
    },
  )

  it('small JSON is not compressed', async () => {
    const response = await toResponse({ a: 1 }, { ...manner, acceptEncoding: 'gzip' })
    expect(response.headers.get('content-encoding')).toBeNull()
  })
})

describe('a byte response', () => {
  it('byte responses have the content type of the lexicon', async () => {
    const response = await toResponse(Uint8Array.of(1, 2, 3), car)
    expect(response.headers.get('content-type')).toBe('application/vnd.ipld.car')
    expect([...(await bytesOf(response))]).toEqual([1, 2, 3])
  })

  it('byte responses are read page by page as the client takes them', async () => {
    const made: number[] = []
    async function* pages() {
      for (let i = 1; i <= 3; i++) {
        made.push(i)
        yield Uint8Array.of(i)
      }
    }
    const response = await toResponse(pages(), car)
    expect(made).toEqual([])
    const reader = response.body!.getReader()
    expect((await reader.read()).value).toEqual(Uint8Array.of(1))
    expect(made).toEqual([1])
    expect((await reader.read()).value).toEqual(Uint8Array.of(2))
    expect((await reader.read()).value).toEqual(Uint8Array.of(3))
    expect((await reader.read()).done).toBe(true)
  })

  it('byte responses are no longer produced after the client left', async () => {
    let isOver = false
    async function* pages() {
      try {
        for (;;) yield Uint8Array.of(1)
      } finally {
        isOver = true
      }
    }
    const reader = (await toResponse(pages(), car)).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(isOver).toBe(true)
  })

  it('byte responses break off if a page fails, compressed or not', async () => {
    async function* pages() {
      yield Uint8Array.of(1)
      throw new Error('lost')
    }
    await expect((await toResponse(pages(), car)).arrayBuffer()).rejects.toThrow('lost')
    const zipped = await toResponse(pages(), { ...car, acceptEncoding: 'gzip' })
    await expect(zipped.arrayBuffer()).rejects.toThrow('lost')
  })

  it('byte responses are compressed as a stream', async () => {
    async function* pages() {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    }
    const response = await toResponse(pages(), { ...car, acceptEncoding: 'gzip' })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(gunzipSync(await bytesOf(response)).toString()).toBe('one two')
  })
})

describe('a raw response', () => {
  const headers = { vary: 'Authorization', 'content-type': 'application/json' }
  const text = JSON.stringify(long)
  const gzipped = { ...manner, acceptEncoding: 'gzip' }
  async function* chunks() {
    yield Buffer.from(text)
  }

  it('a raw response is compressed as text or as a stream, without its old length', async () => {
    const given = { ...headers, 'content-length': String(text.length) }
    for (const body of [text, Buffer.from(text), chunks()]) {
      const response = await toResponse(new RawResponse(body, given), gzipped)
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(response.headers.get('content-length')).toBeNull()
      expect(response.headers.get('vary')).toBe('Authorization, Accept-Encoding')
      expect(gunzipSync(await bytesOf(response)).toString()).toBe(text)
    }
  })

  it.each([
    ['encoded already', { 'content-encoding': 'br' }],
    ['an image', { 'content-type': 'image/png' }],
    ['readable in parts', { 'accept-ranges': 'bytes' }],
    ['short', { 'content-length': '1000' }],
  ])('a raw response is not compressed if it is %s', async (_, more) => {
    const response = await toResponse(new RawResponse(chunks(), { ...headers, ...more }), gzipped)
    expect(await response.text()).toBe(text)
  })

  it('a raw response that HEAD asks for, or that is not read, is given up', async () => {
    let closed = 0
    const source = () => closing(chunks(), () => closed++)
    const raw = () => new RawResponse(source(), headers)
    const head = await toResponse(raw(), { ...manner, isHead: true })
    expect([head.body, head.headers.get('content-type')]).toEqual([null, 'application/json'])
    expect(closed).toBe(1)
    await (await toResponse(raw(), manner)).body!.cancel()
    await (await toResponse(raw(), gzipped)).body!.cancel()
    expect(closed).toBe(3)
  })

  it('a raw response that fails in the middle is reported once, and stays open until it is given up', async () => {
    async function* broken() {
      yield Uint8Array.of(1)
      throw new Error('lost')
    }
    const failures: unknown[] = []
    const onFailure = (error: unknown) => void failures.push((error as Error).message)
    const response = await toResponse(new RawResponse(broken(), headers), { ...manner, onFailure })
    const reader = response.body!.getReader()
    await reader.read()
    const next = reader.read()
    await expect.poll(() => failures).toEqual(['lost'])
    await reader.cancel()
    expect((await next).done).toBe(true)
  })
})

describe('an error response', () => {
  it('error responses have a name and a message', async () => {
    const response = errorResponse(new XrpcError(400, 'InvalidSwap', 'Commit was at x'))
    expect(response.status).toBe(400)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({ error: 'InvalidSwap', message: 'Commit was at x' })
  })
})

it('every 429 and 503 says when to try again, at the latest in ten seconds if nothing else is known', () => {
  const [full, often] = [unavailable('Too many imports'), new XrpcError(429, 'Too', 'often')]
  for (const error of [full, often]) {
    expect(errorResponse(error).headers.get('retry-after')).toBe('10')
    const exact = new XrpcError(error.status, error.error, '', { 'retry-after': '7' })
    expect(errorResponse(exact).headers.get('retry-after')).toBe('7')
    const sent = vi.fn()
    sendError({ writeHead: sent, end() {} } as unknown as ServerResponse, error)
    expect(sent.mock.calls[0]?.[1]).toMatchObject({ 'retry-after': '10' })
  }
  expect(errorResponse(invalidRequest('x')).headers.get('retry-after')).toBeNull()
})

it('a method without an output answers 200 with an empty body', async () => {
  const response = await toResponse(undefined, manner)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
})
