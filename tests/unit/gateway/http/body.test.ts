import { Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { readBody } from '#src/gateway/http/body.ts'

const terms = { accepts: 'application/json', limit: 1000, timeoutMs: 1000 }

interface Sent {
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  type?: string | undefined
  encoding?: string
  chunked?: boolean
}

function read(
  { body = '', type = 'application/json', encoding, chunked = false }: Sent,
  other = {},
) {
  const isBytes = typeof body === 'string' || body instanceof Uint8Array
  const bytes = isBytes ? Buffer.from(body) : undefined
  const headers: Record<string, string | undefined> = {
    'content-type': type,
    'content-encoding': encoding,
    ...(chunked || !bytes
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(bytes.length) }),
  }
  return readBody(
    {
      header: (name) => headers[name],
      body: () => Readable.from(bytes === undefined ? body : halves(bytes), { highWaterMark: 1 }),
    },
    { ...terms, ...other },
  )
}

async function* halves(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const middle = bytes.length >> 1
  yield bytes.subarray(0, middle)
  yield bytes.subarray(middle)
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a JSON body', () => {
  it('a JSON body is parsed, however it is chunked, encoded and labelled', async () => {
    const value = { text: 'grüße 🎉', list: [1, null, true] }
    const json = JSON.stringify(value)
    expect(await read({ body: json })).toEqual(value)
    expect(await read({ body: json, chunked: true })).toEqual(value)
    expect(await read({ body: json, type: 'Application/JSON; charset=utf-8' })).toEqual(value)
    expect(await read({ body: gzipSync(json), encoding: 'gzip' })).toEqual(value)
    expect(await read({ body: deflateSync(json), encoding: 'deflate' })).toEqual(value)
    expect(await read({ body: brotliCompressSync(json), encoding: 'br' })).toEqual(value)
    expect(await read({ body: gzipSync(json), encoding: 'GZIP, Identity' })).toEqual(value)
    expect(await read({ body: json, encoding: 'Identity' })).toEqual(value)
    expect(await read({ body: `\ufeff${json}` })).toEqual(value)
    const twice = brotliCompressSync(gzipSync(json))
    expect(await read({ body: twice, encoding: 'gzip, br' })).toEqual(value)
  })

  it.each<[string, Sent]>([
    ['malformed', { body: '{"a":' }],
    ['empty', { body: '' }],
    ['not UTF-8', { body: Uint8Array.of(0x22, 0xff, 0x22) }],
    ['with a NUL in it', { body: '{"a":"\0"}' }],
    ['labelled otherwise', { body: '{}', type: 'text/plain' }],
    ['not labelled', { body: '{}', type: '' }],
    ['not gzip', { body: '{}', encoding: 'gzip' }],
    ['nested too deep', { body: nested(65) }],
    ['nested deeper still', { body: nested(490) }],
    ['after __proto__', { body: '{"a":{"__proto__":{"admin":true}}}' }],
  ])('a JSON body is rejected with 400 if it is %s', async (_, sent) => {
    await expect(read(sent)).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  })

  it('a JSON body may be nested 64 levels deep', async () => {
    expect(JSON.stringify(await read({ body: nested(64) }))).toBe(nested(64))
  })

  it('a JSON body with a list too long to spread is rejected', async () => {
    const list = (length: number) => JSON.stringify(Array(length).fill(0))
    const limit = 1_000_000
    await expect(read({ body: list(65_537) }, { limit })).rejects.toMatchObject({ status: 400 })
    expect(await read({ body: list(65_536) }, { limit })).toHaveLength(65_536)
  })

  it('a JSON body over the limit is rejected, compressed or not', async () => {
    const exact = JSON.stringify('x'.repeat(998))
    const over = JSON.stringify('x'.repeat(999))
    const tooLarge = { status: 413, error: 'PayloadTooLarge' }
    expect(await read({ body: exact })).toHaveLength(998)
    expect(await read({ body: gzipSync(exact), encoding: 'gzip' })).toHaveLength(998)
    await expect(read({ body: over })).rejects.toMatchObject(tooLarge)
    await expect(read({ body: over, chunked: true })).rejects.toMatchObject(tooLarge)
    await expect(read({ body: gzipSync(over), encoding: 'gzip' })).rejects.toMatchObject(tooLarge)
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    await expect(read({ body: bomb, encoding: 'gzip' }, { limit: 100_000 })).rejects.toMatchObject(
      tooLarge,
    )
  })

  it('a JSON body is not read further once it is over the limit', async () => {
    let taken = 0
    async function* endless() {
      for (;;) {
        taken += 1
        yield Buffer.alloc(400)
      }
    }
    await expect(read({ body: endless() })).rejects.toMatchObject({ status: 413 })
    expect(taken).toBeLessThan(10)
  })

  it('a JSON body that stalls is rejected after the timeout', async () => {
    async function* stalling() {
      yield Buffer.from('{')
      await new Promise(() => {})
    }
    const slow = read({ body: stalling() }, { timeoutMs: 5 })
    await expect(slow).rejects.toMatchObject({ status: 408, error: 'RequestTimeout' })
  })

  it('a JSON body that breaks off is a client error', async () => {
    async function* broken() {
      yield Buffer.from('{')
      throw new Error('aborted')
    }
    await expect(read({ body: broken() })).rejects.toMatchObject({ status: 400 })
  })

  it.each(['iso-8859-1', '"utf-16"', 'UTF-7'])(
    'a JSON body with the charset %s is rejected',
    async (charset) => {
      const type = `application/json; charset=${charset}`
      await expect(read({ body: '{}', type })).rejects.toMatchObject({ status: 415 })
    },
  )

  it.each(['compress', 'constructor', '__proto__', 'gzip, gzip, gzip, gzip'])(
    'a JSON body with the encoding %s is rejected',
    async (encoding) => {
      await expect(read({ body: '{}', encoding })).rejects.toMatchObject({ status: 415 })
    },
  )

  it('a method with an input rejects a missing body', async () => {
    const missing = { header: () => undefined, body: () => Readable.from([]) }
    await expect(readBody(missing, terms)).rejects.toMatchObject({ status: 400 })
  })
})

describe('a method without an input', () => {
  const none = { accepts: undefined }

  it('a method without an input accepts no body and empty ones', async () => {
    expect(await read({ body: '' }, none)).toBeUndefined()
    expect(await read({ body: '', chunked: true }, none)).toBeUndefined()
  })

  it('a method without an input rejects a body', async () => {
    await expect(read({ body: '{}' }, none)).rejects.toMatchObject({ status: 400 })
    await expect(read({ body: '{}', chunked: true }, none)).rejects.toMatchObject({ status: 400 })
  })
})
