import { describe, expect, it } from 'vitest'
import { did, handle, openGateway, outcome } from '#tests/support/gateway.ts'

const resolveHandle = (input: { handle: string }) => (input.handle === handle ? { did } : null)
const hosting = () => openGateway({ directory: { accounts: { resolveHandle } } })

describe('plain routes', () => {
  it('greet people and robots', async () => {
    const { app } = openGateway()
    expect(await (await app.request('/')).text()).toContain('AT Protocol Personal Data Server')
    expect(await (await app.request('/robots.txt')).text()).toContain('User-agent: *\nAllow: /')
  })

  it('answer watchdogs', async () => {
    const response = await openGateway().app.request('/xrpc/_health')
    expect(await response.json()).toEqual({ version: '1.2.3' })
  })

  it('tell watchdogs when the actors are away', async () => {
    const find = () => {
      throw new Error('gone')
    }
    const response = await openGateway({ directory: { accounts: { find } } }).app.request(
      '/xrpc/_health',
    )
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ version: '1.2.3', error: 'Service Unavailable' })
  })

  it('name the account of a host', async () => {
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

  it('tell a proxy for which hosts it may get certificates', async () => {
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

  it('publish the service’s own DID document', async () => {
    const response = await openGateway().app.request('/.well-known/did.json')
    expect(await response.json()).toMatchObject({
      id: 'did:web:localhost',
      service: [{ type: 'AtprotoPersonalDataServer', serviceEndpoint: 'http://localhost:2583' }],
    })
  })
})

describe('CORS', () => {
  it('lets every page call with any headers, for a day', async () => {
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

  it('opens plain routes and refusals as well', async () => {
    const { app } = openGateway()
    for (const path of ['/', '/xrpc/_health', '/xrpc/com.example.unknown', '/nothing']) {
      const response = await app.request(path)
      expect(response.headers.get('access-control-allow-origin'), path).toBe('*')
    }
  })
})

it('has nothing elsewhere', async () => {
  const { app } = openGateway()
  for (const path of ['/nothing', '/xrpcs/com.atproto.server.describeServer']) {
    expect((await app.request(path)).status, path).toBe(404)
  }
})

it('serves the firehose only to those who upgrade', async () => {
  const response = await openGateway().app.request('/xrpc/com.atproto.sync.subscribeRepos')
  expect(response.headers.get('upgrade')).toBe('websocket')
  expect(await outcome(response)).toMatchObject({ status: 426 })
})

it('answers HEAD as GET, without the body', async () => {
  const path = '/xrpc/com.atproto.server.describeServer'
  const response = await openGateway().app.request(path, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
})
