/** One attempt over real sockets: what is sent, and what counts as a failure. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { createSafeFetch, urlRefusal } from '#src/ports/safe-fetch.ts'
import { postMessage } from '#src/webhooks/post-message.ts'

const message = { id: 'msg_1', timestamp: 1_700_000_000, signature: 'v1,abc', body: '{"a":1}' }
const fetchWith = (privateNetworks: boolean, timeoutMs = 15_000) =>
  createSafeFetch({ privateNetworks, timeoutMs })
const post = (url: string, fetch = fetchWith(true)) =>
  postMessage({ fetch, now: () => 0 })({ url, ...message })

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=1`
}

it('a message is posted with the headers of Standard Webhooks', async () => {
  const { promise, resolve } = Promise.withResolvers<object>()
  const url = await serve(async (request, response) => {
    const { method, headers, url: path } = request
    resolve({ method, path, headers, body: await text(request) })
    response.writeHead(202).end('thanks')
  })
  expect(await post(url)).toEqual({ status: 202 })
  expect(await promise).toMatchObject({
    ...{ method: 'POST', path: '/hook?key=1', body: message.body },
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'webhook-signature': 'v1,abc',
    },
  })
})

it('a redirect is not followed', async () => {
  const paths: (string | undefined)[] = []
  const url = await serve(({ url }, response) => {
    paths.push(url)
    response.writeHead(307, { location: '/other' }).end()
  })
  expect(await post(url)).toEqual({ status: 307 })
  expect(paths).toEqual(['/hook?key=1'])
})

it('an endpoint that does not answer in time has failed', async () => {
  const url = await serve(() => {})
  expect(await post(url, fetchWith(true, 100))).toEqual({ error: 'no answer in time' })
})

it('an endpoint that cannot be reached has failed', async () => {
  expect(await post('http://127.0.0.1:1/')).toEqual({ error: expect.any(String) })
})

it('an endpoint may ask for more time', async () => {
  const url = await serve((_, response) => {
    response.writeHead(503, { 'retry-after': '90' }).end()
  })
  expect(await post(url)).toEqual({ status: 503, retryAfterMs: 90_000 })
})

it.each([
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://169.254.169.254/latest/meta-data/',
  'http://93.184.216.34/',
])('nothing is sent to %s, unless private networks are allowed', async (url) => {
  expect(await post(url, fetchWith(false))).toEqual({ error: expect.any(String) })
  expect(await urlRefusal(new URL(url), { privateNetworks: false })).toEqual(expect.any(String))
  expect(await urlRefusal(new URL(url), { privateNetworks: true })).toBeUndefined()
})

it('nothing is sent to a name that stands for this machine, which only a lookup tells', async () => {
  expect(await post('https://localhost/', fetchWith(false))).toEqual({ error: expect.any(String) })
})

it('an address with a port of its own is refused, as is one that is not of the web', async () => {
  const refused = (url: string, privateNetworks: boolean) =>
    urlRefusal(new URL(url), { privateNetworks })
  expect(await refused('https://hook.example:8443/', false)).toBe('it has a port')
  expect(await refused('https://hook.example/', false)).toBeUndefined()
  expect(await refused('file:///etc/passwd', true)).toBe('it is not http or https')
})
