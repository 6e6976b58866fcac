import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminPassword,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { decodeToken } from '#tests/support/session-tokens.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

let server: TestServer
let alice: TestAccount
let plain: AtpAgent
let privileged: AtpAgent
let plainPassword: string
beforeAll(async () => {
  server = await startServer({ env: { PDS_INVITE_INTERVAL: '1', PDS_INVITE_REQUIRED: 'true' } })
  alice = await invited('alice')
  ;[plain, plainPassword] = await withAppPassword('phone', false)
  ;[privileged] = await withAppPassword('laptop', true)
})
afterAll(() => server.remove())

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const bearer = (agent: AtpAgent) => `Bearer ${agent.session?.accessJwt}`

async function invited(name: string): Promise<TestAccount> {
  const made = await call(server, 'server.createInviteCode', { as: admin, body: { useCount: 1 } })
  const { code } = made.body as { code: string }
  const agent = new AtpAgent({ service: server.url })
  const account = { handle: `${name}.test`, password: `password-of-${name}` }
  await agent.createAccount({ ...account, email: `${name}@example.com`, inviteCode: code })
  return { did: agent.did!, ...account, agent }
}

async function withAppPassword(name: string, isPrivileged: boolean): Promise<[AtpAgent, string]> {
  const input = { name, ...(isPrivileged && { privileged: true }) }
  const { data } = await alice.agent.com.atproto.server.createAppPassword(input)
  expect(data).toEqual({
    name,
    password: expect.stringMatching(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/),
    createdAt: expect.any(String),
    privileged: isPrivileged,
  })
  const agent = new AtpAgent({ service: server.url })
  await agent.login({ identifier: alice.handle, password: data.password })
  return [agent, data.password]
}

describe('a session of an app password', () => {
  it('the scope of a session shows that it is of an app password', () => {
    const scope = (agent: AtpAgent) => decodeToken(agent.session!.accessJwt).claims['scope']
    expect(scope(plain)).toBe('com.atproto.appPass')
    expect(scope(privileged)).toBe('com.atproto.appPassPrivileged')
  })

  it('a session of an app password reads and writes as the account, and sees its email', async () => {
    for (const agent of [plain, privileged]) {
      const { uri } = await agent.post({ text: 'from an app', createdAt: new Date().toISOString() })
      await agent.deletePost(uri)
      const { data } = await agent.com.atproto.server.getSession()
      expect(data).toMatchObject({ did: alice.did, email: 'alice@example.com', active: true })
    }
  })

  it('a session of an app password lists and revokes app passwords, and requests email confirmation', async () => {
    const [, doomed] = await withAppPassword('doomed', false)
    await plain.com.atproto.server.revokeAppPassword({ name: 'doomed' })
    const agent = new AtpAgent({ service: server.url })
    const login = agent.login({ identifier: alice.handle, password: doomed })
    await expect(login).rejects.toMatchObject({ status: 401 })
    const { data } = await plain.com.atproto.server.listAppPasswords()
    expect(data.passwords.map(({ name, privileged }) => [name, privileged])).toEqual([
      ['laptop', true],
      ['phone', false],
    ])
    await plain.com.atproto.server.requestEmailConfirmation()
  })

  it.each([
    ['server.createAppPassword', { name: 'more' }],
    ['server.requestEmailUpdate', undefined],
    ['server.updateEmail', { email: 'mallory@example.com' }],
    ['server.getAccountInviteCodes', null],
    ['server.requestAccountDelete', undefined],
    ['server.activateAccount', undefined],
    ['server.deactivateAccount', {}],
    ['identity.requestPlcOperationSignature', undefined],
    ['identity.signPlcOperation', {}],
  ])('a session of an app password may not call %s', async (method, body) => {
    for (const agent of [plain, privileged]) {
      const verb = body === null ? 'GET' : 'POST'
      const options = { verb, as: bearer(agent), ...(body != null && { body }) }
      expect(await statusAndError(call(server, method, options))).toEqual([400, 'InvalidToken'])
    }
  })

  it('revokeAppPassword ends the sessions of that app password only', async () => {
    const [agent] = await withAppPassword('short', true)
    await alice.agent.com.atproto.server.revokeAppPassword({ name: 'short' })
    const refresh = (one: AtpAgent) =>
      call(server, 'server.refreshSession', {
        verb: 'POST',
        as: `Bearer ${one.session?.refreshJwt}`,
      })
    expect(await statusAndError(refresh(agent))).toEqual([400, 'ExpiredToken'])
    const { status, body } = await refresh(privileged)
    expect(status).toBe(200)
    const { accessJwt } = body as { accessJwt: string }
    expect(decodeToken(accessJwt).claims['scope']).toBe('com.atproto.appPassPrivileged')
  })

  it('createSession rejects an app password of another account', async () => {
    const bob = await invited('bob')
    const agent = new AtpAgent({ service: server.url })
    const login = agent.login({ identifier: bob.handle, password: plainPassword })
    await expect(login).rejects.toMatchObject({ status: 401 })
  })
})

it('createAppPassword rejects a name that is taken', async () => {
  const again = alice.agent.com.atproto.server.createAppPassword({ name: 'phone' })
  await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
})

it('checkSignupQueue returns that the account is activated', async () => {
  const { body } = await call(server, 'temp.checkSignupQueue', { as: bearer(plain) })
  expect(body).toEqual({ activated: true })
})

describe('getAccountInviteCodes', () => {
  it('getAccountInviteCodes returns the codes that an account earned, and other accounts can use them', async () => {
    const ask = async (query: Record<string, boolean>) => {
      const { data } = await alice.agent.com.atproto.server.getAccountInviteCodes(query)
      return data.codes
    }
    expect(await ask({ createAvailable: false })).toEqual([])
    const codes = await ask({})
    expect(codes).toHaveLength(5)
    expect(codes[0]).toMatchObject({ forAccount: alice.did, createdBy: alice.did, available: 1 })
    const agent = new AtpAgent({ service: server.url })
    const { code } = codes[0]!
    const carol = { handle: 'carol.test', email: 'carol@example.com', password: 'secret' }
    await agent.createAccount({ ...carol, inviteCode: code })
    const unused = await ask({ includeUsed: false, createAvailable: false })
    expect(unused.map((one) => one.code)).not.toContain(code)
    const used = (await ask({ createAvailable: false })).find((one) => one.code === code)
    expect(used?.uses).toMatchObject([{ usedBy: agent.did }])
  })
})

it('without a mail server each email is written to a file, and the log has only its path', async () => {
  const token = () => {
    const folder = join(server.dir, 'mail')
    const names = readdirSync(folder).sort()
    const text = readFileSync(join(folder, names.at(-1)!), 'utf8')
    expect(server.logs).toContain(names.at(-1)!)
    return /^([A-Z2-7]{5}-[A-Z2-7]{5})\r?$/m.exec(text)![1]!
  }
  await alice.agent.com.atproto.server.requestEmailConfirmation()
  const code = token()
  await plain.com.atproto.server.confirmEmail({ email: 'alice@example.com', token: code })
  expect((await alice.agent.com.atproto.server.getSession()).data.emailConfirmed).toBe(true)
  expect(server.logs).not.toContain(code)
  expect(server.logs).not.toContain(plainPassword)
})
