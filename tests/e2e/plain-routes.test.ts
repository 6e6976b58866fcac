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
  it('greet people and robots', async () => {
    const [home, robots] = await Promise.all([call(server, '/'), call(server, '/robots.txt')])
    expect(home.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(home.body).toContain('This is an AT Protocol Personal Data Server')
    expect(robots.body).toMatch(/User-agent: \*\nAllow: \//)
  })

  it('tell the version, with /xrpc/_health', async () => {
    const { version } = (await call(server, '/xrpc/_health')).body as { version: string }
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('tell who the server is, with /.well-known/did.json', async () => {
    const endpoint = { type: 'AtprotoPersonalDataServer', serviceEndpoint: server.url }
    expect((await call(server, '/.well-known/did.json')).body).toMatchObject({
      id: 'did:web:localhost',
      service: [endpoint],
    })
  })

  it('know nothing else', async () => {
    expect((await call(server, '/nothing/here')).status).toBe(404)
    expect((await call(server, '/', { verb: 'POST' })).status).toBe(404)
  })

  it('let every page of every site call', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-headers': 'x-some' }
    const asked = await call(server, 'repo.createRecord', { verb: 'OPTIONS', headers })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe('*')
    expect(asked.headers.get('access-control-allow-headers')).toBe('x-some')
    expect(asked.headers.get('access-control-max-age')).toBe('86400')
    const failed = await call(server, 'repo.createRecord', { body: {} })
    expect(failed.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('/metrics', () => {
  it('is for the admin', async () => {
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

  it('are made by the admin only', async () => {
    const body = { useCount: 1 }
    const asked = call(server, 'server.createInviteCode', { body })
    expect(await statusAndError(asked)).toEqual([401, 'AuthenticationRequired'])
    expect(await newCode(1)).toMatch(/^localhost-[a-z2-7]{5}-[a-z2-7]{5}$/)
  })

  it('are required where the server says so', async () => {
    const { body } = await call(server, 'server.describeServer')
    expect(body).toMatchObject({ inviteCodeRequired: true })
    expect(await statusAndError(create('alice'))).toEqual([400, 'InvalidInviteCode'])
    expect(await statusAndError(create('alice', 'localhost-aaaaa-bbbbb'))).toEqual([
      400,
      'InvalidInviteCode',
    ])
  })

  it('are good for so many accounts, also when more ask at once', async () => {
    const code = await newCode(2)
    const names = ['bob', 'carol', 'dan', 'eve', 'frank']
    const answers = await Promise.all(names.map((name) => create(name, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.map(({ error }) => error)).toEqual(refused.map(() => 'InvalidInviteCode'))
  })

  it('are not used up by a creation that failed', async () => {
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

  it('answers for the handles of the server, and for no others', async () => {
    const handles = call(server, 'identity.resolveHandle', { query: { handle: 'grace.test' } })
    const { did } = (await handles).body as { did: string }
    expect(await at('grace.test')).toEqual({ status: 200, body: did })
    expect(await at('Grace.test:2583')).toEqual({ status: 200, body: did })
    for (const host of ['nobody.test', 'grace.example.com', 'grace.example.org', 'localhost']) {
      expect((await at(host)).status).toBe(404)
    }
  })
})
