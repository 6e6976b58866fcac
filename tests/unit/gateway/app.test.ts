import { describe, expect, it } from 'vitest'
import { did, handle, openGateway, outcome } from '#tests/support/gateway.ts'

const resolveHandle = (input: { handle: string }) => (input.handle === handle ? { did } : null)
const hosting = () => openGateway({ directory: { accounts: { resolveHandle } } })

describe('plain routes', () => {
  it('/ and /robots.txt answer', async () => {
    const { app } = openGateway()
    expect(await (await app.request('/')).text()).toContain('AT Protocol Personal Data Server')
    expect(await (await app.request('/robots.txt')).text()).toContain('User-agent: *\nAllow: /')
  })

  it('/xrpc/_health answers with the version', async () => {
    const response = await openGateway().app.request('/xrpc/_health')
    expect(await response.json()).toEqual({ version: '1.2.3' })
  })

  it('/xrpc/_health answers 503 if the actors are unreachable', async () => {
    const find = () => {
      throw new Error('gone')
    }
    const response = await openGateway({ directory: { accounts: { find } } }).app.request(
      '/xrpc/_health',
    )
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ version: '1.2.3', error: 'Service Unavailable' })
  })

  it("/.well-known/atproto-did answers with the DID of the host's account", async () => {
    const ask = async (host: string) => {
      const response = await hosting().app.request('/.well-known/atproto-did', {
        headers: { host },
      })
      return [response.status, await response.text()]
    }
    expect(await ask('alice.test')).toEqual([200, did])
    expect(await ask('Alice.Test:2583')).toEqual([200, did])
    expect(await ask('bob.test')).toEqual([404, 'User not found'])
    expect(await ask('alice.example.com')).toEqual([404, 'User not found'])
  })

  it('/tls-check accepts the hosts that may get certificates', async () => {
    const ask = async (query: string) => {
      const response = await hosting().app.request(`/tls-check${query}`)
      const body = (await response.json()) as { success?: true; error?: string }
      return [response.status, body.error ?? body.success]
    }
    expect(await ask('?domain=localhost')).toEqual([200, true])
    expect(await ask('?domain=alice.test')).toEqual([200, true])
    expect(await ask('')).toEqual([400, 'InvalidRequest'])
    expect(await ask('?domain=alice.example.com')).toEqual([400, 'InvalidRequest'])
    expect(await ask('?domain=bob.test')).toEqual([404, 'NotFound'])
    expect(await ask('?domain=test')).toEqual([404, 'NotFound'])
  })

  it('/.well-known/did.json is the DID document of the service', async () => {
    const response = await openGateway().app.request('/.well-known/did.json')
    expect(await response.json()).toMatchObject({
      id: 'did:web:localhost',
      service: [{ type: 'AtprotoPersonalDataServer', serviceEndpoint: 'http://localhost:2583' }],
    })
  })
})

describe('CORS', () => {
  it('CORS allows every origin and header, and is cached for a day', async () => {
    const headers = { 'access-control-request-headers': 'authorization, content-type' }
    const response = await openGateway().app.request('/xrpc/com.atproto.repo.createRecord', {
      method: 'OPTIONS',
      headers,
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toContain('POST')
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization, content-type')
    expect(response.headers.get('access-control-max-age')).toBe('86400')
  })

  it('CORS headers are sent on plain routes and errors too', async () => {
    const { app } = openGateway()
    for (const path of ['/', '/xrpc/_health', '/xrpc/com.example.unknown', '/nothing']) {
      const response = await app.request(path)
      expect(response.headers.get('access-control-allow-origin'), path).toBe('*')
    }
  })
})

it('other paths are not found', async () => {
  const { app } = openGateway()
  for (const path of ['/nothing', '/xrpcs/com.atproto.server.describeServer']) {
    expect((await app.request(path)).status, path).toBe(404)
  }
})

it.each([
  '/xrpc/com.atproto.sync.subscribeRepos',
  '/subscribe',
  '/xrpc/network.bsky.jetstream.subscribeEvents',
])('%s without an upgrade answers 426', async (path) => {
  const response = await openGateway().app.request(path)
  expect(response.headers.get('upgrade')).toBe('websocket')
  expect(await outcome(response)).toMatchObject({ status: 426 })
})

it('methods of Jetstream about archives are not implemented', async () => {
  const { app } = openGateway()
  for (const name of ['planSnapshot', 'listSegments', 'getSegment', 'getBlock']) {
    const response = await app.request(`/xrpc/network.bsky.jetstream.${name}`)
    expect(await outcome(response)).toMatchObject({ status: 501, error: 'MethodNotImplemented' })
  }
})

it('HEAD answers as GET, without the body', async () => {
  const path = '/xrpc/com.atproto.server.describeServer'
  const response = await openGateway().app.request(path, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
})
