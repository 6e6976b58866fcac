import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchAtHost } from '#tests/support/resolvable-server.ts'
import { adminPassword, startServer, type TestServer } from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

let server: TestServer
beforeAll(async () => {
  server = await startServer({
    env: { PDS_INVITE_REQUIRED: 'true', PDS_SERVICE_HANDLE_DOMAINS: '.test,.example.com' },
  })
})
afterAll(() => server.remove())

describe('the plain routes', () => {
  it('/ and /robots.txt answer', async () => {
    const [home, robots] = await Promise.all([call(server, '/'), call(server, '/robots.txt')])
    expect(home.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(home.body).toContain('This is an AT Protocol Personal Data Server')
    expect(robots.body).toMatch(/User-agent: \*\nAllow: \//)
  })

  it('/xrpc/_health answers with the version', async () => {
    const { version } = (await call(server, '/xrpc/_health')).body as { version: string }
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('/.well-known/did.json is the DID document of the server', async () => {
    const endpoint = { type: 'AtprotoPersonalDataServer', serviceEndpoint: server.url }
    expect((await call(server, '/.well-known/did.json')).body).toMatchObject({
      id: 'did:web:localhost',
      service: [endpoint],
    })
  })

  it('unknown paths answer 404', async () => {
    expect((await call(server, '/nothing/here')).status).toBe(404)
    expect((await call(server, '/', { verb: 'POST' })).status).toBe(404)
  })

  it('CORS allows every origin', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-headers': 'x-some' }
    const response = await call(server, 'repo.createRecord', { verb: 'OPTIONS', headers })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-headers')).toBe('x-some')
    expect(response.headers.get('access-control-max-age')).toBe('86400')
    const failed = await call(server, 'repo.createRecord', { body: {} })
    expect(failed.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('/metrics', () => {
  it('/metrics requires the admin password', async () => {
    expect((await call(server, '/metrics')).status).toBe(401)
    const wrong = `Basic ${Buffer.from('admin:wrong').toString('base64')}`
    expect((await call(server, '/metrics', { as: wrong })).status).toBe(401)
    await call(server, 'server.describeServer')
    const { status, body } = await call(server, '/metrics', { as: admin })
    expect(status).toBe(200)
    expect(body).toMatch(
      /^headwater_xrpc_request_duration_seconds_count\{.*describeServer.*\} \d+$/m,
    )
  })
})

describe('invites', () => {
  const create = (name: string, inviteCode?: string) => {
    const body = { handle: `${name}.test`, email: `${name}@example.com`, password: 'x', inviteCode }
    return call(server, 'server.createAccount', { body })
  }
  const newCode = async (useCount: number) => {
    const answer = await call(server, 'server.createInviteCode', { as: admin, body: { useCount } })
    return (answer.body as { code: string }).code
  }

  it('createInviteCode requires the admin', async () => {
    const body = { useCount: 1 }
    const attempt = call(server, 'server.createInviteCode', { body })
    expect(await statusAndError(attempt)).toEqual([401, 'AuthenticationRequired'])
    expect(await newCode(1)).toMatch(/^localhost-[a-z2-7]{5}-[a-z2-7]{5}$/)
  })

  it('createAccount requires an invite code if the server does', async () => {
    const { body } = await call(server, 'server.describeServer')
    expect(body).toMatchObject({ inviteCodeRequired: true })
    expect(await statusAndError(create('alice'))).toEqual([400, 'InvalidInviteCode'])
    expect(await statusAndError(create('alice', 'localhost-aaaaa-bbbbb'))).toEqual([
      400,
      'InvalidInviteCode',
    ])
  })

  it('an invite code is accepted as often as its use count says, also concurrently', async () => {
    const code = await newCode(2)
    const names = ['bob', 'carol', 'dan', 'eve', 'frank']
    const answers = await Promise.all(names.map((name) => create(name, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.map(({ error }) => error)).toEqual(refused.map(() => 'InvalidInviteCode'))
  })

  it('an invite code is not used up by a createAccount that fails', async () => {
    const code = await newCode(1)
    expect(await statusAndError(create('admin', code))).toEqual([400, 'HandleNotAvailable'])
    expect((await create('grace', code)).status).toBe(200)
  })
})

describe('/.well-known/atproto-did', () => {
  const at = async (host: string) => {
    const answer = await fetchAtHost(server.url, new URL(`http://${host}/.well-known/atproto-did`))
    return { status: answer.status, body: await answer.text() }
  }

  it('/.well-known/atproto-did answers for handles of this server, and for no others', async () => {
    const handles = call(server, 'identity.resolveHandle', { query: { handle: 'grace.test' } })
    const { did } = (await handles).body as { did: string }
    expect(await at('grace.test')).toEqual({ status: 200, body: did })
    expect(await at('Grace.test:2583')).toEqual({ status: 200, body: did })
    for (const host of ['nobody.test', 'grace.example.com', 'grace.example.org', 'localhost']) {
      expect((await at(host)).status).toBe(404)
    }
  })

  it('/.well-known/atproto-did answers for the host that a trusted proxy names', async () => {
    const ask = (host: string) =>
      call(server, '/.well-known/atproto-did', { headers: { 'x-forwarded-host': host } })
    expect((await ask('grace.test')).body).toMatch(/^did:plc:/)
    expect((await ask('nobody.test')).status).toBe(404)
  })
})

it('requests that the OAuth library cannot parse are answered 400, and the server goes on', async () => {
  const isAlive = async () => (await call(server, '/xrpc/_health')).status
  const accept = { accept: 'application/json;q' }
  for (const path of ['/oauth/par', '/oauth/token', '/oauth/revoke']) {
    const { status, body } = await call(server, path, { verb: 'POST', headers: accept })
    expect([path, status, body]).toMatchObject([path, 400, { error: 'invalid_request' }])
  }
  const asset = await call(server, '/@atproto/oauth-provider/~assets/%ff')
  expect(asset.status).toBe(400)
  expect(await isAlive()).toBe(200)
})

it('a client that hangs up in the middle of a form is no error in the log', async () => {
  const { port } = new URL(server.url)
  for (const path of ['/oauth/par', '/oauth/token', '/account/sign-in']) {
    const socket = connect(Number(port), 'localhost')
    const type = 'content-type: application/x-www-form-urlencoded'
    const head = `POST ${path} HTTP/1.1\r\nhost: localhost:${port}\r\n${type}`
    socket.write(`${head}\r\nx-request-id: hangs-up\r\ncontent-length: 100\r\n\r\na=b`)
    await expect.poll(() => socket.bytesWritten).toBeGreaterThan(100)
    await pause(200)
    socket.destroy()
  }
  const lines = () => server.logs.split('\n').filter((line) => line.includes('"hangs-up"'))
  await expect.poll(() => lines().filter((line) => line.includes('"path"'))).toHaveLength(3)
  const levels = lines().map((line) => (JSON.parse(line) as { level: number }).level)
  expect(levels.filter((level) => level > 30)).toEqual([])
})
