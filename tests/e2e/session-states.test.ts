import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { decodeToken } from '#tests/support/session-tokens.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { type CallOptions, call, statusAndError } from '#tests/support/xrpc-call.ts'

let server: TestServer
let sleeping: TestAccount
let ended: TestAccount
let deleted: TestAccount
let appPassword: string
beforeAll(async () => {
  server = await startServer()
  ;[sleeping, ended, deleted] = await Promise.all([
    createTestAccount(server, 'sleeping'),
    createTestAccount(server, 'ended'),
    createTestAccount(server, 'deleted'),
  ])
  await sleeping.agent.com.atproto.server.deactivateAccount({})
  const { data } = await ended.agent.com.atproto.server.createAppPassword({ name: 'phone' })
  appPassword = data.password
  await asAdmin('admin.updateSubjectStatus', {
    subject: { $type: 'com.atproto.admin.defs#repoRef', did: ended.did },
    takedown: { applied: true },
  })
  await asAdmin('admin.deleteAccount', { did: deleted.did })
})
afterAll(() => server.remove())

async function asAdmin(method: string, body: object): Promise<void> {
  const as = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  expect(await call(server, method, { as, body })).toMatchObject({ status: 200 })
}

function logIn({ did, password }: TestAccount, more: object = {}) {
  return call(server, 'server.createSession', { body: { identifier: did, password, ...more } })
}

/** Inputs for every method about sessions, passwords and email. */
const methods: Record<string, CallOptions> = {
  requestEmailConfirmation: { verb: 'POST' },
  confirmEmail: { body: { email: 'x@example.com', token: 'AAAAA-AAAAA' } },
  requestEmailUpdate: { verb: 'POST' },
  updateEmail: { body: { email: 'nonsense' } },
  createAppPassword: { body: { name: 'laptop' } },
  listAppPasswords: {},
  revokeAppPassword: { body: { name: 'laptop' } },
  getAccountInviteCodes: {},
  getSession: {},
}

async function outcomes(as: TestAccount | string): Promise<Record<string, unknown>> {
  const attempt = Object.entries(methods).map(async ([method, input]) => {
    const { status, error } = await call(server, `server.${method}`, { ...input, as })
    return [method, status === 200 ? 200 : `${status} ${error}`]
  })
  return Object.fromEntries(await Promise.all(attempt))
}

describe('a deactivated account', () => {
  it('a deactivated account may call everything but createInviteCodes', async () => {
    expect(await outcomes(sleeping)).toEqual({
      requestEmailConfirmation: 200,
      confirmEmail: '400 InvalidEmail',
      requestEmailUpdate: 200,
      updateEmail: '400 InvalidRequest',
      createAppPassword: 200,
      listAppPasswords: 200,
      revokeAppPassword: 200,
      getAccountInviteCodes: '400 NotFound',
      getSession: 200,
    })
  })

  it('a deactivated account can log in, also with an app password, and gets its status', async () => {
    const expected = { active: false, status: 'deactivated' }
    expect((await logIn(sleeping)).body).toMatchObject(expected)
    const { data } = await sleeping.agent.com.atproto.server.createAppPassword({ name: 'phone' })
    expect((await logIn(sleeping, { password: data.password })).body).toMatchObject(expected)
    expect((await sleeping.agent.com.atproto.server.getSession()).data).toMatchObject(expected)
  })
})

const takendown = '401 AccountTakedown'

describe('an account that was taken down', () => {
  it('an account that is taken down may only list and revoke app passwords with its old tokens', async () => {
    expect(await outcomes(ended)).toEqual({
      requestEmailConfirmation: takendown,
      confirmEmail: takendown,
      requestEmailUpdate: takendown,
      updateEmail: takendown,
      createAppPassword: takendown,
      listAppPasswords: 200,
      revokeAppPassword: 200,
      getAccountInviteCodes: takendown,
      getSession: '400 InvalidRequest',
    })
    const as = `Bearer ${ended.agent.session?.refreshJwt}`
    const refresh = call(server, 'server.refreshSession', { verb: 'POST', as })
    expect(await statusAndError(refresh)).toEqual([401, 'AccountTakedown'])
  })

  it('an account that is taken down can only get the narrow session, which cannot be refreshed', async () => {
    expect(await statusAndError(logIn(ended))).toEqual([401, 'AccountTakedown'])
    const wrong = await statusAndError(logIn(ended, { password: 'wrong', allowTakendown: true }))
    expect(wrong).toEqual([401, 'AuthenticationRequired'])
    const app = await statusAndError(logIn(ended, { password: appPassword, allowTakendown: true }))
    expect(app).toEqual([401, 'AuthenticationRequired'])
    const { status, body } = await logIn(ended, { allowTakendown: true })
    expect(status).toBe(200)
    expect(body).toMatchObject({ active: false, status: 'takendown' })
    const { accessJwt, refreshJwt } = body as { accessJwt: string; refreshJwt: string }
    expect(decodeToken(accessJwt).claims['scope']).toBe('com.atproto.takendown')
    expect(new Set(Object.values(await outcomes(`Bearer ${accessJwt}`)))).toEqual(
      new Set(['400 InvalidToken']),
    )
    const refresh = { verb: 'POST', as: `Bearer ${refreshJwt}` }
    const renewal = await statusAndError(call(server, 'server.refreshSession', refresh))
    expect(renewal).toEqual([401, 'AccountTakedown'])
  })

  it('an account that is taken down can reset its password, which is valid afterwards', async () => {
    const anonymous = new AtpAgent({ service: server.url }).com.atproto.server
    await anonymous.requestPasswordReset({ email: 'ended@example.com' })
    const mails = () => {
      const names = readdirSync(join(server.dir, 'mail'))
      return names.map((name) => readFileSync(join(server.dir, 'mail', name), 'utf8'))
    }
    await expect.poll(mails).toContainEqual(expect.stringContaining('To: ended@example.com'))
    const mail = mails().find((text) => text.includes('To: ended@example.com'))!
    const token = /^([A-Z2-7]{5}-[A-Z2-7]{5})\r?$/m.exec(mail)![1]!
    await anonymous.resetPassword({ token, password: 'new password' })
    expect(await statusAndError(logIn(ended, { password: 'new password' }))).toEqual([
      401,
      'AccountTakedown',
    ])
  })
})

describe('a suspended account', () => {
  const post = { $type: 'com.example.thing' }
  const write = (by: TestAccount) =>
    call(server, 'repo.createRecord', {
      as: by,
      body: { repo: by.did, collection: 'com.example.thing', record: post },
    })

  it('a suspended account is hidden and may call nothing, and its sessions continue afterwards', async () => {
    const paused = await createTestAccount(server, 'paused')
    using firehose = new Subscription(server)
    await firehose.opened
    expect((await write(paused)).status).toBe(200)
    await asAdmin('/xrpc/_admin/suspend', { account: 'paused.test' })

    const query = { did: paused.did }
    expect(await statusAndError(call(server, 'sync.getRepo', { query }))).toEqual([
      400,
      'RepoSuspended',
    ])
    expect((await call(server, 'sync.getRepoStatus', { query })).body).toEqual({
      did: paused.did,
      active: false,
      status: 'suspended',
    })
    expect(await statusAndError(write(paused))).toEqual([401, 'AccountTakedown'])
    expect(await statusAndError(logIn(paused))).toEqual([401, 'AccountTakedown'])
    expect((await logIn(paused, { allowTakendown: true })).body).toMatchObject({
      active: false,
      status: 'suspended',
    })
    const activation = { verb: 'POST', as: paused }
    expect((await call(server, 'server.activateAccount', activation)).status).toBe(401)

    await asAdmin('/xrpc/_admin/unsuspend', { account: 'paused.test' })
    expect((await write(paused)).status).toBe(200)
    await paused.agent.sessionManager.refreshSession()
    expect((await paused.agent.com.atproto.server.getSession()).data.active).toBe(true)
    await expect.poll(() => firehose.eventsOf(paused.did).at(-1)?.kind).toBe('#commit')
    const events = firehose.eventsOf(paused.did).filter(({ kind }) => kind === '#account')
    expect(events.slice(-2).map(({ body }) => body)).toMatchObject([
      { active: false, status: 'suspended' },
      { active: true },
    ])
  })
})

describe('a deleted account', () => {
  it('a deleted account may call nothing, and errors do not reveal that it existed', async () => {
    const missing = '403 AccountNotFound'
    expect(await outcomes(deleted)).toMatchObject({
      requestEmailConfirmation: missing,
      confirmEmail: missing,
      requestEmailUpdate: missing,
      updateEmail: missing,
      createAppPassword: missing,
      getAccountInviteCodes: missing,
      getSession: '400 InvalidRequest',
    })
    expect(await statusAndError(logIn(deleted))).toEqual([401, 'AuthenticationRequired'])
    const body = { email: 'deleted@example.com' }
    expect(await call(server, 'server.requestPasswordReset', { body })).toMatchObject({
      status: 200,
      body: '',
    })
  })

  it('a deleted account frees its email address', async () => {
    const agent = new AtpAgent({ service: server.url })
    const next = { handle: 'next.test', email: 'deleted@example.com', password: 'secret' }
    await expect.poll(() => agent.createAccount(next).then(() => agent.did)).toMatch(/^did:plc:/)
  })
})
