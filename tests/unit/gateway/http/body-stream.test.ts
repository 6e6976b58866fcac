import { PassThrough } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type BodyStreamOptions, openBodyStream } from '#src/gateway/http/body-stream.ts'

function open(headers: Record<string, string>, terms: Partial<BodyStreamOptions> = {}) {
  const source = new PassThrough({ highWaterMark: 16_384 })
  const all: Record<string, string> = { 'content-type': 'image/png', ...headers }
  const incoming = { header: (name: string) => all[name], body: () => source }
  const opened = () =>
    openBodyStream(incoming, { accepts: '*/*', limit: 1_000, idleMs: 1_000, ...terms })
  return { source, opened }
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('a byte body', () => {
  it('a byte body is passed on with its type and announced length', async () => {
    const { source, opened } = open({ 'content-length': '5', 'content-type': 'text/x; charset=y' })
    source.end('hello')
    const body = opened()
    expect(body).toMatchObject({ type: 'text/x', length: 5 })
    expect(await read(body.bytes)).toBe('hello')
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('a byte body is decoded from %s', async (encoding, encode) => {
    const { source, opened } = open({
      'transfer-encoding': 'chunked',
      'content-encoding': encoding,
    })
    source.end(encode(Buffer.from('hello')))
    expect(await read(opened().bytes)).toBe('hello')
  })

  it('a byte body with several encodings is decoded', async () => {
    const { source, opened } = open({ 'content-length': '5', 'content-encoding': 'gzip, br' })
    source.end(brotliCompressSync(gzipSync('hello')))
    expect(await read(opened().bytes)).toBe('hello')
  })

  it.each([
    ['no body', { 'content-type': 'a/b' }, 400],
    ['no type', { 'content-length': '1', 'content-type': '' }, 400],
    ['an invalid content type', { 'content-length': '1', 'content-type': 'a\tb/c' }, 400],
    ['another type', { 'content-length': '1', 'content-type': 'image/gif' }, 400, 'image/png'],
    ['an announced length beyond the limit', { 'content-length': '1001' }, 413],
    ['an unknown encoding', { 'content-length': '1', 'content-encoding': 'zip' }, 415],
    ['a key of objects', { 'content-length': '1', 'content-encoding': 'constructor' }, 415],
    ['many encodings', { 'content-length': '1', 'content-encoding': 'br,br,br,br' }, 415],
  ])('a byte body is rejected for %s', (_, headers, status, accepts = '*/*') => {
    expect(open(headers, { accepts }).opened).toThrow(expect.objectContaining({ status }))
  })

  const chunked = { 'transfer-encoding': 'chunked' }

  it('a byte body over the limit ends with 413, and the connection stays usable', async () => {
    const { source, opened } = open(chunked)
    source.write(Buffer.alloc(1_001))
    await expect(read(opened().bytes)).rejects.toMatchObject({ status: 413 })
    expect(source.destroyed).toBe(false)
  })

  it('a byte body that decodes to more than the limit ends with 413', async () => {
    const { source, opened } = open({ ...chunked, 'content-encoding': 'gzip' })
    source.end(gzipSync(Buffer.alloc(1_000_000)))
    await expect(read(opened().bytes)).rejects.toMatchObject({ status: 413 })
  })

  it('a byte body that stalls ends with 408', async () => {
    const { source, opened } = open(chunked, { idleMs: 20 })
    source.write('a')
    await expect(read(opened().bytes)).rejects.toMatchObject({ status: 408 })
  })

  it('a byte body that breaks off ends with 400', async () => {
    for (const encoding of [{}, { 'content-encoding': 'gzip' }]) {
      const { source, opened } = open({ ...chunked, ...encoding })
      const reading = read(opened().bytes)
      source.write(gzipSync('x').subarray(0, 10))
      setImmediate(() => source.destroy())
      await expect(reading).rejects.toMatchObject({ status: 400 })
    }
  })

  it('a byte body that does not match its encoding ends with 400', async () => {
    const { source, opened } = open({ ...chunked, 'content-encoding': 'gzip' })
    source.end('hello')
    await expect(read(opened().bytes)).rejects.toMatchObject({ status: 400 })
  })

  it('a byte body is not read faster than it is consumed', async () => {
    const { source, opened } = open(chunked, { limit: 100_000_000, idleMs: 20 })
    const steps = opened().bytes[Symbol.asyncIterator]()
    const first = steps.next()
    let taken = 0
    const write = () => {
      while (taken < 50_000_000) {
        taken += 65_536
        if (!source.write(Buffer.alloc(65_536))) {
          source.once('drain', write)
          return
        }
      }
      source.end()
    }
    write()
    await first
    await new Promise((resolve) => setTimeout(resolve, 60))
    // The reader is slow, not the client.
    expect(taken).toBeLessThan(5_000_000)
    let size = 65_536
    for (let step = await steps.next(); !step.done; step = await steps.next()) {
      size += step.value.length
    }
    expect(size).toBe(taken)
  })
})
