/** What the SSRF guard refuses: addresses, names, redirects, and names whose address changes. */
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createSafeDispatcher, createSafeFetch } from '#src/ports/safe-fetch.ts'

const numbers = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://0.0.0.0/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://100.64.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::]/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a00:1]/',
  'https://[fe80::1]/',
  'https://[fc00::1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
]
const names = [
  'https://localhost/',
  'https://localhost./',
  'https://anything.localhost/',
  'https://intranet/',
  'https://printer.local/',
  'https://server.test/',
]
/** With any host. */
const schemes = ['http://93.184.216.34/', 'http://headwater-tests.net/']

const terms = {
  privateNetworks: false,
  ...{ headersTimeoutMs: 500, bodyTimeoutMs: 500, maxBytes: 10_000, maxRetries: 0, http2: false },
}

const original = dns.lookup

/** Makes every name resolve to these addresses, one list after the other. */
function namesStandFor(...answers: { address: string; family: number }[][]): string[] {
  const requests: string[] = []
  let turn = 0
  const lookup = (name: string, _options: object, done: (...answer: unknown[]) => void) => {
    requests.push(name)
    const answer = answers[Math.min(turn++, answers.length - 1)]
    process.nextTick(done, null, answer)
  }
  dns.lookup = lookup as unknown as typeof dns.lookup
  syncBuiltinESMExports()
  return requests
}

afterEach(() => {
  dns.lookup = original
  syncBuiltinESMExports()
  vi.unstubAllGlobals()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const v4 = (address: string) => ({ address, family: 4 })

describe('without private networks', () => {
  it.each([...numbers, ...names, ...schemes, 'file:///etc/passwd', 'data:text/plain,x'])(
    'without private networks fetch refuses %s',
    async (url) => {
      await expect(createSafeFetch(terms)(url)).rejects.toThrow()
    },
  )

  it.each([...numbers, ...names, ...schemes])(
    'without private networks a streamed request refuses %s',
    async (url) => {
      const dispatcher = await createSafeDispatcher(terms)
      const { origin } = new URL(url)
      await expect(dispatcher.request({ origin, path: '/', method: 'GET' })).rejects.toThrow()
    },
  )

  it.each([
    ['a private address', [v4('10.0.0.7')]],
    ['a public and a private one', [v4('93.184.216.34'), v4('192.168.0.1')]],
    ['the host itself in IPv6', [{ address: '::1', family: 6 }]],
    ['a mapped address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
  ])(
    'without private networks a host name that resolves to %s is not connected to',
    async (_, addresses) => {
      const attempt = namesStandFor(addresses)
      const fetching = createSafeFetch(terms)('https://rebind.headwater-tests.net/')
      await expect(fetching).rejects.toMatchObject({
        cause: { message: 'Hostname resolved to non-unicast address' },
      })
      const dispatcher = await createSafeDispatcher(terms)
      const origin = 'https://rebind.headwater-tests.net'
      const asking = dispatcher.request({ origin, path: '/', method: 'GET' })
      await expect(asking).rejects.toThrow('Hostname resolved to non-unicast address')
      expect(attempt).toEqual(['rebind.headwater-tests.net', 'rebind.headwater-tests.net'])
    },
  )

  it('without private networks an IPv4-compatible IPv6 address is refused, of a name too', async () => {
    const reason = 'Hostname is an IPv4-compatible address'
    await expect(createSafeFetch(terms)('https://[::127.0.0.1]/')).rejects.toThrow(reason)
    const dispatcher = await createSafeDispatcher(terms)
    const ask = (origin: string) => dispatcher.request({ origin, path: '/', method: 'GET' })
    await expect(ask('https://[::127.0.0.1]')).rejects.toThrow(reason)
    namesStandFor([{ address: '::a00:1', family: 6 }])
    await expect(ask('https://rebind.headwater-tests.net')).rejects.toThrow(reason)
  })

  it('the guard checks the address that is connected to, so an earlier DNS answer does not count', async () => {
    namesStandFor([v4('93.184.216.34')], [v4('127.0.0.1')])
    dns.lookup('rebind.headwater-tests.net', { all: true }, () => {})
    const fetching = createSafeFetch(terms)('https://rebind.headwater-tests.net/')
    await expect(fetching).rejects.toMatchObject({
      cause: { message: 'Hostname resolved to non-unicast address' },
    })
  })

  it('the guard checks every hop of a redirect', async () => {
    const real = globalThis.fetch
    // As fetch does for a redirect: the next request goes through the dispatcher it was given.
    vi.stubGlobal('fetch', (_: unknown, init: RequestInit) => {
      const { dispatcher } = init as { dispatcher: unknown }
      return real('https://169.254.169.254/latest', { dispatcher } as RequestInit)
    })
    const fetching = createSafeFetch(terms)('https://public.headwater-tests.net/')
    await expect(fetching).rejects.toMatchObject({
      cause: { message: expect.stringContaining('Blocked by url policy') },
    })
  })
})

describe('with private networks', () => {
  const open = { ...terms, privateNetworks: true }

  it('with private networks redirects are followed, but never to a file', async () => {
    const url = await serve((request, response) => {
      const to = request.url === '/file' ? 'file:///etc/passwd' : '/there'
      if (request.url === '/there') response.end('here')
      else response.writeHead(302, { location: to }).end()
    })
    const fetch = createSafeFetch(open)
    expect(await (await fetch(`${url}/start`)).text()).toBe('here')
    await expect(fetch(`${url}/file`)).rejects.toThrow()
  })

  it('a response that is too slow or too long is aborted', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/long') response.end('x'.repeat(20_000))
    })
    const fetch = createSafeFetch({ ...open, timeoutMs: 100 })
    await expect(fetch(`${url}/slow`)).rejects.toThrow()
    await expect(fetch(`${url}/long`).then((response) => response.text())).rejects.toThrow()
    const dispatcher = await createSafeDispatcher(open)
    const ask = (path: string) => dispatcher.request({ origin: url, path, method: 'GET' })
    await expect(ask('/slow')).rejects.toThrow()
    const { body } = await ask('/long')
    await expect(body.text()).rejects.toThrow()
  })
})
