import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLog } from '#src/log.ts'
import { startPlcServer } from '#src/plc/plc-server.ts'
import {
  type App,
  authorize,
  dpopRequest,
  loopbackApp,
  ProviderPageClient,
  signIn,
} from '#tests/support/oauth-client.ts'
import { freePort, ServerProcess } from '#tests/support/processes.ts'
import { type ClientOptions, RealtimeClient } from '#tests/support/realtime-client.ts'
import { adminPassword, startServer, type TestServer } from '#tests/support/server.ts'

// Two gateways and one process of actors, behind a host name that only a proxy knows: no step may
// depend on the gateway of the step before.
const publicUrl = 'https://pds.example.com'
const getSession = '/xrpc/com.atproto.server.getSession'
const alice = { handle: 'alice.pds.example.com', password: 'correct horse' }
const folder = mkdtempSync(join(tmpdir(), 'headwater-gateway-'))

let plc: Awaited<ReturnType<typeof startPlcServer>>
let server: TestServer
let second: ServerProcess
let gateways: string[]
let app: App
let did: string

beforeAll(async () => {
  const log = createLog('silent')
  plc = await startPlcServer({ path: join(folder, 'plc.sqlite'), port: undefined, log })
  const env = {
    PDS_HOSTNAME: 'pds.example.com',
    PDS_HOST: '127.0.0.1',
    PDS_INVITE_REQUIRED: 'false',
    PDS_DID_PLC_URL: plc.url,
    PDS_JWT_SECRET: 'a secret of these tests only',
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '7'.repeat(64),
    PDS_KEY_ENCRYPTION_KEY_HEX: '8'.repeat(64),
    PDS_ADMIN_PASSWORD: adminPassword,
  }
  server = await startServer({ env, roles: 'split' })
  const { engineToken } = JSON.parse(readFileSync(join(server.dir, 'secrets.json'), 'utf8'))
  const port = await freePort()
  second = new ServerProcess(folder, {
    ...env,
    PDS_ROLE: 'gateway',
    PDS_PORT: String(port),
    PDS_DATA_DIRECTORY: folder,
    RIVET_ENDPOINT: server.engineEndpoint,
    RIVET_TOKEN: engineToken,
  })
  gateways = [server.url, `http://localhost:${port}`]
  await second.ready(
    async () => (await fetch(`${gateways[1]}/xrpc/_health`).catch(() => null))?.ok === true,
  )
  const made = await inTurn(`${publicUrl}/xrpc/com.atproto.server.createAccount`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...alice, email: 'alice@example.com' }),
  })
  did = ((await made.json()) as { did: string }).did
  app = loopbackApp({ scope: 'atproto', plcUrl: plc.url, url: publicUrl, fetch: inTurn })
})

afterAll(async () => {
  await second?.terminate()
  await server?.remove()
  await plc?.stop()
  rmSync(folder, { recursive: true, force: true })
})

let turn = 0

/** Sends the requests to both gateways in turn, as a proxy does. */
const inTurn: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  if (!request.url.startsWith(publicUrl)) return fetch(request)
  const gateway = gateways[turn++ % gateways.length]!
  return fetch(new Request(request.url.replace(publicUrl, gateway), request))
}

it('each step of a sign-in may run on another gateway', async () => {
  for (const vias of [gateways, gateways.toReversed()]) {
    const browser = new ProviderPageClient(publicUrl)
    const session = await signIn(app, { ...alice, browser, vias, remember: true })
    for (let i = 0; i < 4; i++) {
      const answer = await session.fetchHandler(getSession)
      expect(await answer.json()).toMatchObject({ did, handle: alice.handle })
    }
    await session.getTokenInfo(true)
    expect((await session.fetchHandler(getSession)).status).toBe(200)
    await session.signOut()
  }
})

it('a token revoked at one gateway is rejected by the others, and a proof is accepted by one of them', async () => {
  const session = await signIn(app, {
    ...alice,
    browser: new ProviderPageClient(publicUrl),
    vias: gateways,
  })
  const saved = structuredClone(app.sessions.get(did)!)
  const [one, other] = gateways.map((gateway) => `${gateway}${getSession}`) as [string, string]
  const htu = `${publicUrl}${getSession}`
  const nonce = (await dpopRequest(one, saved, { htu })).headers.get('dpop-nonce')!
  const jti = 'seen by one of them'
  expect((await dpopRequest(one, saved, { htu, nonce, jti })).status).toBe(200)
  expect(await dpopRequest(other, saved, { htu, nonce, jti })).toMatchObject({
    message: 'DPoP proof replayed',
  })
  await session.signOut()
  for (const url of [one, other]) {
    expect(await dpopRequest(url, saved, { htu, nonce })).toMatchObject({ error: 'invalid_token' })
  }
})

it('an authorization code is accepted once, however many gateways get it concurrently', async () => {
  const params = await authorize(app, {
    ...alice,
    browser: new ProviderPageClient(publicUrl),
    vias: gateways,
  })
  const state = params.get('state')!
  const kept = structuredClone(app.states.get(state)!)
  const attempts = Array.from({ length: 4 }, () => {
    app.states.set(state, structuredClone(kept))
    return app.client.callback(new URLSearchParams(params))
  })
  const outcomes = await Promise.allSettled(attempts)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

it('a sign-in continues at another gateway after the actors crashed, and no grant is lost', async () => {
  const url = await app.client.authorize(publicUrl)
  const browser = new ProviderPageClient(publicUrl)
  await browser.open(url, gateways[0])
  const credentials = { locale: 'en', username: alice.handle, password: alice.password }
  const signedIn = await browser.callApi<{ ephemeralToken: string }>('/sign-in', credentials, {
    via: gateways[0]!,
  })
  await server.crashActors()
  const consent = await browser.callApi<{ url: string }>(
    '/consent',
    { did },
    { as: signedIn.body.ephemeralToken, via: gateways[1]! },
  )
  const { session } = await app.client.callback(new URL(consent.body.url).searchParams)
  await server.crashActors()
  expect((await session.fetchHandler(getSession)).status).toBe(200)
})

describe('realtime over two gateways', () => {
  const nsid = 'dev.headwater.realtime'
  const clients: RealtimeClient[] = []
  afterEach(() => {
    for (const client of clients.splice(0)) client.close()
  })

  async function post(
    gateway: string,
    method: string,
    as: string,
    body?: object,
  ): Promise<Response> {
    return fetch(`${gateway}/xrpc/${method}`, {
      method: 'POST',
      headers: { authorization: as, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
  }

  async function signedIn(): Promise<{ access: string; refresh: string }> {
    const credentials = { identifier: alice.handle, password: alice.password }
    const made = await post(gateways[0]!, 'com.atproto.server.createSession', '', credentials)
    const { accessJwt, refreshJwt } = (await made.json()) as Record<string, string>
    return { access: `Bearer ${accessJwt}`, refresh: `Bearer ${refreshJwt}` }
  }

  function connect(n: number, options: ClientOptions): RealtimeClient {
    const client = new RealtimeClient(gateways[n]!, options)
    clients.push(client)
    return client
  }

  it('a session or grant that ends at one gateway closes its connections at the other', async () => {
    const { access, refresh } = await signedIn()
    const other = await signedIn()
    const session = await signIn(app, {
      ...{ ...alice, browser: new ProviderPageClient(publicUrl), vias: gateways },
    })
    const made = await session.fetchHandler(`/xrpc/${nsid}.createTicket`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    })
    const { ticket } = (await made.json()) as { ticket: string }
    const ofSession = connect(1, { as: access })
    const ofOther = connect(1, { as: other.access })
    const ofGrant = connect(1, { ticket })
    for (const client of [ofSession, ofOther, ofGrant]) await client.next('ready')
    const ended = await post(gateways[0]!, 'com.atproto.server.deleteSession', refresh)
    expect(ended.status).toBe(200)
    await session.signOut()
    expect(await ofSession.refusal()).toEqual(['SessionEnded', 1008])
    expect(await ofGrant.refusal()).toEqual(['SessionEnded', 1008])
    await ofOther.next('grant', ({ change }) => change === 'revoked')
    expect(ofOther.closeCode).toBeUndefined()
    expect(await connect(1, { as: access }).refusal()).toEqual(['SessionEnded', 1008])
  })

  it('a ticket opens one connection, at whichever gateway', async () => {
    const { access } = await signedIn()
    const made = await post(gateways[0]!, `${nsid}.createTicket`, access, {})
    const { ticket } = (await made.json()) as { ticket: string }
    await connect(1, { ticket }).next('ready')
    expect(await connect(0, { ticket }).refusal()).toEqual(['InvalidTicket', 1008])
  })

  it('a member that is removed at one gateway is cut off at the other', async () => {
    const { access } = await signedIn()
    const made = await post(gateways[0]!, 'com.atproto.server.createAccount', '', {
      ...{ handle: 'bob.pds.example.com', email: 'bob@example.com', password: alice.password },
    })
    const bob = (await made.json()) as { did: string; accessJwt: string }
    const group = async (method: string, as: string, input: object) => {
      const response = await post(gateways[0]!, `dev.headwater.group.${method}`, as, input)
      expect(response.status).toBe(200)
      return (await response.json().catch(() => ({}))) as Record<string, string>
    }
    const members = [{ did: bob.did, role: 'editor' }]
    const { did: account } = await group('create', access, { members })
    const session = await group('createSession', `Bearer ${bob.accessJwt}`, { account })
    const client = connect(1, { as: `Bearer ${session['accessJwt']}` })
    await client.next('ready')
    await group('removeMember', access, { account, did: bob.did })
    expect(await client.refusal()).toEqual(['NotAMember', 1008])
  })

  it('members of a channel at two gateways receive the messages of each other', async () => {
    const { access } = await signedIn()
    const channel = { did, name: 'devices' }
    const [one, two] = [connect(0, { as: access }), connect(1, { as: access })]
    for (const [n, client] of [one, two].entries()) {
      await client.next('ready')
      client.send('join', { id: 'c', channel, state: { n } })
      await client.next('joined')
    }
    two.send('publish', { channel, body: 'hello' })
    expect(await one.next('ephemeral')).toMatchObject({ from: did, body: 'hello', channel })
    await one.next('presence', ({ state }) => JSON.stringify(state) === '{"n":1}')
  })
})
