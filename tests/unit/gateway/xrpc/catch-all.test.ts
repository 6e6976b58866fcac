/** Proxied methods: the order of checks, what is sent, and the guard against private networks. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { connectServices } from '#src/gateway/proxy/connect-services.ts'
import { openServices } from '#src/gateway/proxy/services.ts'
import type { UpstreamRequest } from '#src/ports/upstream.ts'
import { asAccount, did, type Gateway, openGateway, outcome } from '#tests/support/gateway.ts'

const appView = { did: 'did:web:av.example', url: 'https://av.example', cdnUrlPattern: undefined }
const addresses = { appView, moderation: undefined, report: undefined }
const account = { service: { getServiceAuth: () => ({ token: 'signed' }) } }

/** A gateway in front of a service that accepts everything. */
function openProxy() {
  const sent: (UpstreamRequest & { text: string })[] = []
  const gateway = openGateway({ account })
  const { dispatch, resolver } = gateway.server
  const services = openServices({
    ...{ dispatch, resolver, defaults: addresses, maxBytes: 1000, preferCompressed: false },
    warn: () => {},
    async request(request) {
      const chunks: Uint8Array[] = []
      if (request.body instanceof Readable)
        for await (const chunk of request.body) chunks.push(chunk)
      sent.push({ ...request, text: Buffer.concat(chunks).toString() })
      return { status: 200, headers: {}, body: Readable.from([Buffer.from('{}')]) }
    },
  })
  Object.assign(gateway.server, { services })
  return { ...gateway, sent }
}

function ask({ app }: Pick<Gateway, 'app'>, path: string, init: RequestInit = {}) {
  return Promise.resolve(app.request(`/xrpc/${path}`, init))
}

describe('a proxied call', () => {
  it.each([
    ['with another verb', 'com.example.a', { method: 'DELETE' }, 400, 'InvalidRequest'],
    ['of a protected method', 'com.atproto.server.GETSESSION', {}, 400, 'InvalidToken'],
    [
      'with a wrong header',
      'com.example.a',
      { headers: { 'atproto-proxy': 'did:web:x' } },
      400,
      'InvalidRequest',
    ],
    ['without credentials', 'com.example.a', {}, 401, 'AuthMissing'],
    [
      'of an account that is not here',
      'com.example.a',
      { headers: asAccount('did:plc:zzzzzzzzzzzzzzzzzzzzzzzz') },
      403,
      'AccountNotFound',
    ],
    [
      'of a privileged method with an app password',
      'chat.bsky.convo.getLog',
      { headers: asAccount(did, { scope: 'com.atproto.appPass' }) },
      400,
      'InvalidToken',
    ],
    [
      'of an account that was taken down',
      'com.example.a',
      { headers: asAccount(did, { scope: 'com.atproto.takendown' }) },
      400,
      'InvalidToken',
    ],
  ])('a call %s is not proxied', async (_, path, init, status, error) => {
    const proxy = openProxy()
    expect(await outcome(ask(proxy, path, init))).toMatchObject({ status, error })
    expect(proxy.sent).toEqual([])
    expect(proxy.calls.filter(([action]) => action === 'service.getServiceAuth')).toEqual([])
  })

  it('a proxied call has a service token of the account, for this method and this service', async () => {
    const proxy = openProxy()
    await ask(proxy, 'chat.bsky.convo.getLog?a=1', { headers: asAccount() })
    const tokens = proxy.calls.filter(([action]) => action === 'service.getServiceAuth')
    expect(tokens).toEqual([
      ['service.getServiceAuth', { aud: appView.did, lxm: 'chat.bsky.convo.getLog' }],
    ])
    expect(proxy.sent).toMatchObject([
      {
        ...{ method: 'GET', origin: appView.url, path: '/xrpc/chat.bsky.convo.getLog?a=1' },
        headers: { authorization: 'Bearer signed', 'accept-encoding': 'identity' },
      },
    ])
  })

  it('a proxied call passes its body on, and none if it has none', async () => {
    const proxy = openProxy()
    const headers = { ...asAccount(), 'content-type': 'text/plain', 'content-length': '5' }
    await ask(proxy, 'com.example.a', { method: 'POST', body: 'words', headers })
    await ask(proxy, 'com.example.a', { method: 'POST', headers: asAccount() })
    expect(proxy.sent.map(({ method, text }) => [method, text])).toEqual([
      ['POST', 'words'],
      ['POST', ''],
    ])
    expect(proxy.sent[0]?.headers).toMatchObject({ 'content-type': 'text/plain' })
    expect(proxy.sent[1]?.body).toBeUndefined()
  })
})

describe('without private networks', () => {
  it.each([
    'http://av.example',
    'https://127.0.0.1',
    'https://10.0.0.1:8443',
    'https://[::1]',
    'https://localhost',
    'https://169.254.169.254',
    'https://intranet',
  ])('without private networks a service at %s is not called', async (url) => {
    const named = 'did:web:evil.example'
    const document = { id: named, service: [{ id: '#x', type: 'X', serviceEndpoint: url }] }
    const gateway = openGateway({ account })
    const warnings: object[] = []
    const services = connectServices({
      dispatch: gateway.server.dispatch,
      resolver: { resolve: async () => document, refresh: async () => document },
      log: { warn: (facts: object) => warnings.push(facts) } as never,
      privateNetworks: false,
      defaults: { appView: undefined, moderation: undefined, report: undefined },
      settings: {
        ...{ http2: false, headersTimeoutMs: 500, bodyTimeoutMs: 500, maxBytes: 1000 },
        ...{ maxRetries: 0, preferCompressed: false, fetchMaxBytes: 1000 },
      },
    })
    Object.assign(gateway.server, { services })
    const headers = { ...asAccount(), 'atproto-proxy': `${named}#x` }
    expect(await outcome(ask(gateway, 'com.example.a', { headers }))).toEqual({
      ...{ status: 502, error: 'UpstreamFailure', message: 'Upstream service unreachable' },
    })
    expect(JSON.stringify(warnings)).not.toContain('signed')
  })
})
