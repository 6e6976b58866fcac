/** The bounds of sockets and responses over real connections: clients that read slowly, not at all, or open too many. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { limitAddresses } from '#src/gateway/http/address-limits.ts'
import { isAborted, limitBodyTime } from '#src/gateway/http/body-time.ts'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { sendError } from '#src/gateway/http/response.ts'
import { closeStalledSockets } from '#src/gateway/http/stalled-sockets.ts'
import type { OAuth } from '#src/gateway/oauth/open-oauth.ts'
import { serve } from '#src/gateway/serve.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { silent } from '#tests/support/firehose.ts'

const LONG = Buffer.alloc(20_000_000)

let server: Server | undefined
const clients: Socket[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  server?.closeAllConnections()
  server?.close()
})

async function listen(listener: RequestListener): Promise<number> {
  server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Opens a socket and sends a request. */
function request(port: number, headers: Record<string, string> = {}, body = ''): Socket {
  const socket = connect(port, '127.0.0.1')
  clients.push(socket)
  socket.on('error', () => {})
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `${body === '' ? 'GET' : 'POST'} / HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n${body}`,
  )
  return socket
}

async function statusOf(socket: Socket): Promise<number> {
  const [head] = (await once(socket, 'data')) as [Buffer]
  return Number(/^HTTP\/1.1 (\d+)/.exec(head.toString())?.[1])
}

describe('a client that reads', () => {
  it('a client that reads nothing is disconnected, also if it sends something, and a slow one is not', async () => {
    const closed: string[] = []
    const port = await listen(({ headers }, response) => {
      response.once('close', () => closed.push(String(headers['x-name'])))
      response.end(LONG)
    })
    const { stop } = closeStalledSockets(server!, 1_000)
    const stalled = request(port, { 'x-name': 'stalled' }).pause()
    const slow = request(port, { 'x-name': 'slow' })
    let read = 0
    slow.on('data', (bytes: Buffer) => {
      read += bytes.length
      if (!closed.includes('stalled')) slow.pause()
    })
    const sips = setInterval(() => {
      slow.resume()
      stalled.write('GET / HTTP/1.1\r\n')
    }, 20)
    await expect.poll(() => closed, { timeout: 20_000 }).toContain('stalled')
    await expect.poll(() => read, { timeout: 20_000 }).toBeGreaterThan(LONG.length)
    clearInterval(sips)
    stop()
  })

  it('a client that waits for a response is not disconnected', async () => {
    const port = await listen(async (_, response) => {
      await pause(300)
      response.end('late')
    })
    const { stop } = closeStalledSockets(server!, 60)
    expect(await statusOf(request(port))).toBe(200)
    stop()
  })
})

describe('one address', () => {
  /** Answers every request, at most 3 sockets and 2 long responses for an address. */
  async function limited(body: Buffer | string, exempt: string[] = []) {
    const refused: string[] = []
    const port = await listen((incoming, response) => {
      const refusal = limits.admit(incoming, response)
      if (incoming.headers['x-released'] !== undefined) limits.release(incoming)
      if (refusal !== undefined) sendError(response, refusal)
      else response.end(body)
    })
    const limits = limitAddresses(server!, {
      bounds: { socketsPerAddress: 3, responsesPerAddress: 2 },
      ...{ addressOf: clientAddress([]), trustedProxies: [], exempt },
      onRefused: (limit) => refused.push(limit),
    })
    return { port, refused }
  }

  it('one address may have a number of sockets; another is answered 429, and one that closes makes room', async () => {
    const { port, refused } = await limited('short')
    const open = [request(port), request(port), request(port)]
    for (const socket of open) expect(await statusOf(socket)).toBe(200)
    const fourth = request(port)
    expect(await statusOf(fourth)).toBe(429)
    await once(fourth, 'close')
    expect(refused).toEqual(['sockets'])
    open[0]!.destroy()
    await expect.poll(() => statusOf(request(port))).toBe(200)
  })

  it('one address behind a proxy does not use up the sockets of the proxy', async () => {
    const { port } = await limited('short')
    for (let n = 1; n <= 8; n++) {
      expect(await statusOf(request(port, { 'x-forwarded-for': '203.0.113.7' }))).toBe(200)
    }
  })

  it('responses that are bounded elsewhere, such as event streams, do not count', async () => {
    const { port } = await limited(LONG)
    const from = (headers = {}) => request(port, { 'x-forwarded-for': '203.0.113.7', ...headers })
    for (let n = 0; n < 3; n++) {
      const socket = from({ 'x-released': 'yes' })
      expect(await statusOf(socket)).toBe(200)
      socket.pause()
    }
    for (const expected of [200, 200, 429]) {
      const socket = from()
      expect(await statusOf(socket)).toBe(expected)
      socket.pause()
    }
  })

  it('one address that does not take its responses gets 429, and no other', async () => {
    const { port, refused } = await limited(LONG)
    const from = (address: string) => request(port, { 'x-forwarded-for': address })
    for (const socket of [from('203.0.113.7'), from('203.0.113.7')]) {
      expect(await statusOf(socket)).toBe(200)
      socket.pause()
    }
    expect(await statusOf(from('203.0.113.7'))).toBe(429)
    expect(refused).toEqual(['responses'])
    expect(await statusOf(from('203.0.113.8'))).toBe(200)
  })

  it('one address that is exempt has no bounds', async () => {
    const { port } = await limited(LONG, ['203.0.113.0/24'])
    for (let n = 1; n <= 5; n++) {
      const socket = request(port, { 'x-forwarded-for': '203.0.113.7' })
      expect(await statusOf(socket)).toBe(200)
      socket.pause()
    }
  })
})

it('a body that does not arrive in time is answered 408, and its request counts as aborted', async () => {
  const requests: IncomingMessage[] = []
  const port = await listen((incoming, response) => {
    limitBodyTime(incoming, response, 50)
    requests.push(incoming.resume())
  })
  const dribbling = request(port, { 'content-length': '10' }, 'a')
  const whole = request(port, { 'content-length': '1' }, 'a')
  expect(await statusOf(dribbling)).toBe(408)
  await once(dribbling, 'close')
  whole.destroy()
  await expect.poll(() => requests.map(({ destroyed }) => destroyed)).toEqual([true, true])
  expect(requests.map(isAborted)).toEqual([true, false])
})

describe('requests outside of XRPC methods', () => {
  /** Serves an application that answers 200; addresses that end in .9 have used up their limit. */
  async function serveApp() {
    const port = await listen(() => {})
    server!.removeAllListeners('request')
    const app = new Hono<Env>()
    app.all('*', () => new Response('ok'))
    const limit = { name: 'any', points: 1, durationMs: 1000 }
    const counted: string[] = []
    serve(server!, {
      app,
      oauth: { matches: () => false } as unknown as OAuth,
      otherAddress: async () => undefined,
      addressLimits: { admit: () => undefined, admitSocket: () => undefined, release: () => {} },
      rateLimits: ({ nsid, request: { headers } }) => {
        counted.push(nsid)
        const isRefused = String(headers['x-forwarded-for']).endsWith('.9')
        return { limit, isRefused, remaining: 0, resetAt: Date.now() + 1000 }
      },
      ...{ log: silent, metrics: { observeHttp: () => {} }, bodyTimeoutMs: 1000 },
    })
    const ask = (path: string, from: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-forwarded-for': from } })
    return { ask, counted }
  }

  it.each(['/', '/tls-check', '/.well-known/did.json', '/account/security', '/xrpc/_health'])(
    '%s is within the global rate limit',
    async (path) => {
      const { ask } = await serveApp()
      expect((await ask(path, '203.0.113.7')).status).toBe(200)
      const refused = await ask(path, '203.0.113.9')
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).toBe('1')
      expect(await refused.json()).toMatchObject({ error: 'RateLimitExceeded' })
    },
  )

  it('an XRPC method is not counted twice', async () => {
    const { ask, counted } = await serveApp()
    expect((await ask('/xrpc/com.example.any', '203.0.113.9')).status).toBe(200)
    expect(counted).toEqual([])
  })
})
