import { describe, expect, it } from 'vitest'
import { httpPlcDirectory } from '#src/ports/plc-directory.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const op = { type: 'plc_tombstone', prev: 'bafy', sig: 'x' } as const
const upstream = { status: 502, error: 'UpstreamFailure' }

/** A client of a directory that gives every request the same answer; `requests` has the requests. */
function directory(answer: () => Response | Promise<Response>) {
  const requests: { url: string; init: RequestInit }[] = []
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    requests.push({ url: String(url), init })
    return answer()
  }
  return {
    requests,
    plc: httpPlcDirectory({ url: 'http://plc.test/', fetch: fetch as never }),
  }
}

describe('the PLC client', () => {
  it('the PLC client sends operations', async () => {
    const { requests, plc } = directory(() => new Response('OK'))
    await plc.sendOperation(did, op)
    expect(requests[0]!.url).toBe(`http://plc.test/${encodeURIComponent(did)}`)
    expect(requests[0]!.init).toMatchObject({ method: 'POST', body: JSON.stringify(op) })
  })

  it('the PLC client reads data and the last operation', async () => {
    const { requests, plc } = directory(() => Response.json(op))
    expect(await plc.getLastOp(did)).toEqual(op)
    expect(await plc.getDocumentData(did)).toEqual(op)
    expect(requests.map(({ url }) => url.split('did%3Aplc%3A')[1])).toEqual([
      'ewvi7nxzyoun6zhxrhs64oiz/log/last',
      'ewvi7nxzyoun6zhxrhs64oiz/data',
    ])
  })

  it('the PLC client reads the log of a DID', async () => {
    const { requests, plc } = directory(() => Response.json([op, op]))
    expect(await plc.getOperationLog(did)).toEqual([op, op])
    expect(requests[0]!.url.endsWith('ewvi7nxzyoun6zhxrhs64oiz/log')).toBe(true)
    const { plc: unknown } = directory(() => new Response('', { status: 404 }))
    expect(await unknown.getOperationLog(did)).toEqual([])
    const { plc: strange } = directory(() => Response.json({ log: 'none' }))
    await expect(strange.getOperationLog(did)).rejects.toMatchObject(upstream)
  })

  it.each([404, 410])('the PLC client returns undefined for status %i', async (status) => {
    const { plc } = directory(() => Response.json({ message: 'gone' }, { status }))
    expect(await plc.getDocumentData(did)).toBeUndefined()
    expect(await plc.getLastOp(did)).toBeUndefined()
    await expect(plc.sendOperation(did, op)).rejects.toMatchObject({ status: 400 })
  })

  it('the PLC client passes rejections on, and reports server errors as 502', async () => {
    const refused = directory(() => Response.json({ message: 'Bad sig' }, { status: 400 }))
    await expect(refused.plc.sendOperation(did, op)).rejects.toMatchObject({
      status: 400,
      error: 'InvalidRequest',
      message: 'Bad sig',
    })
    const busy = directory(() => Response.json({ message: 'Too Many Requests' }, { status: 429 }))
    await expect(busy.plc.sendOperation(did, op)).rejects.toMatchObject(upstream)
    const broken = directory(() => new Response('<html>', { status: 503 }))
    await expect(broken.plc.sendOperation(did, op)).rejects.toMatchObject(upstream)
    await expect(broken.plc.getDocumentData(did)).rejects.toMatchObject(upstream)
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['nothing', () => Promise.reject(new TypeError('fetch failed'))],
    ['no JSON', () => new Response('<html>')],
    ['too much', () => new Response(`"${'x'.repeat(300_000)}"`)],
  ])('the PLC client fails as unreachable if it gets %s', async (_, answer) => {
    const { plc } = directory(answer)
    await expect(plc.getDocumentData(did)).rejects.toMatchObject(upstream)
  })

  it('the PLC client stops waiting after its timeout', async () => {
    const hang = (_: unknown, init?: RequestInit) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    const plc = httpPlcDirectory({ url: 'http://plc.test', timeoutMs: 20, fetch: hang as never })
    await expect(plc.getDocumentData(did)).rejects.toMatchObject(upstream)
  })
})
