import { describe, expect, it } from 'vitest'
import type { XrpcError } from '#src/errors.ts'
import { toResponse } from '#src/gateway/http/response.ts'
import { blobResponse, notModified } from '#src/gateway/methods/blob-response.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'

const cid = 'bafkreiahe'
const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => i))

async function ask(
  headers: Record<string, string>,
  { mimeType = 'image/png', method = 'GET' } = {},
) {
  const storage = memoryBlobStorage()
  const key = await storage.putTemp(
    'did:plc:a',
    (async function* () {
      yield bytes
    })(),
  )
  await storage.makePermanent('did:plc:a', key, cid)
  const blob = (await storage.open('did:plc:a', cid))!
  const given = { cid, mimeType, request: { method, headers: new Headers(headers) } }
  const result = notModified(given) ?? (await blobResponse(blob, given))
  const response = await toResponse(result, {
    ...{ mediaType: '*/*', isPersonal: true, acceptEncoding: 'gzip' },
    isHead: method === 'HEAD',
  })
  const body = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, body }
}

describe('a blob', () => {
  it('a blob has a tag, and says that parts of it can be read', async () => {
    const { status, headers, body } = await ask({})
    expect(status).toBe(200)
    expect(body).toEqual(bytes)
    expect(headers.get('etag')).toBe(`"${cid}"`)
    expect(headers.get('accept-ranges')).toBe('bytes')
    expect(headers.get('content-length')).toBe('100')
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  })

  it.each([
    ['bytes=0-9', 0, 9],
    ['bytes=90-', 90, 99],
    ['bytes=90-1000', 90, 99],
    ['bytes=-10', 90, 99],
    ['bytes=-1000', 0, 99],
    ['bytes=99-99', 99, 99],
  ])('a part of a blob: %s', async (range, start, end) => {
    const { status, headers, body } = await ask({ range })
    expect(status).toBe(206)
    expect(headers.get('content-range')).toBe(`bytes ${start}-${end}/100`)
    expect(headers.get('content-length')).toBe(String(end - start + 1))
    expect(body).toEqual(bytes.subarray(start, end + 1))
  })

  it.each(['bytes=100-', 'bytes=200-300', 'bytes=-0', 'bytes=9-8', 'bytes=-', 'bytes=a-b'])(
    'a range outside of a blob is 416: %s',
    async (range) => {
      const refusal = (await ask({ range }).catch((error) => error)) as XrpcError
      expect(refusal).toMatchObject({
        ...{ status: 416, error: 'RangeNotSatisfiable' },
        headers: { 'content-range': 'bytes */100' },
      })
    },
  )

  it.each<[string, Record<string, string>]>([
    ['several ranges', { range: 'bytes=0-1,5-6' }],
    ['another unit', { range: 'pages=1-2' }],
    ['another version', { range: 'bytes=0-1', 'if-range': '"bafkreiother"' }],
    ['a date', { range: 'bytes=0-1', 'if-range': 'Sun, 29 Nov 2026 00:00:00 GMT' }],
  ])('a blob is sent whole for a range of %s', async (_, headers) => {
    const { status, body } = await ask(headers)
    expect([status, body.length]).toEqual([200, 100])
  })

  it('a part of a blob is sent if If-Range is its tag', async () => {
    expect((await ask({ range: 'bytes=0-1', 'if-range': `"${cid}"` })).status).toBe(206)
  })

  it.each([`"${cid}"`, `W/"${cid}"`, `"other", "${cid}"`, '*'])(
    'a blob that the client has is 304: If-None-Match %s',
    async (tags) => {
      const { status, headers, body } = await ask({ 'if-none-match': tags, range: 'bytes=0-1' })
      expect([status, body.length, headers.get('etag')]).toEqual([304, 0, `"${cid}"`])
      expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200)
    },
  )

  it('a blob answers HEAD with its whole length', async () => {
    const { status, headers, body } = await ask({ range: 'bytes=0-1' }, { method: 'HEAD' })
    expect([status, body.length, headers.get('content-length')]).toEqual([200, 0, '100'])
  })

  it.each([
    ['text/html', 'text/html; charset=utf-8'],
    ['text/vtt', 'text/vtt; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['image/png', 'image/png'],
    ['*/*', 'application/octet-stream'],
  ])('a blob of type %s is sent as %s', async (mimeType, type) => {
    expect((await ask({}, { mimeType })).headers.get('content-type')).toBe(type)
  })
})
