import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

let mail: MailServer
let server: TestServer
let alice: TestAccount
let bob: TestAccount
beforeAll(async () => {
  mail = await startMailServer({ user: 'pds' })
  const from = 'Headwater <pds@example.com>'
  const env = { PDS_EMAIL_SMTP_URL: mail.url, PDS_EMAIL_FROM_ADDRESS: from }
  server = await startServer({ env })
  alice = await createTestAccount(server, 'alice')
  bob = await createTestAccount(server, 'bob')
})
afterAll(async () => {
  await server.remove()
  await mail.close()
})

const api = (account: TestAccount) => account.agent.com.atproto.server
const session = async (account: TestAccount) => (await api(account).getSession()).data

/** The code in the next mail to this address. */
async function codeAfter(to: string, ask: () => Promise<unknown>): Promise<string> {
  const before = mail.mails.length
  await ask()
  await expect.poll(() => mail.mails.slice(before).some((one) => one.to.includes(to))).toBe(true)
  return lastCode(mail, to)!
}

async function confirm(account: TestAccount): Promise<void> {
  const email = (await session(account)).email!
  const token = await codeAfter(email, () => api(account).requestEmailConfirmation())
  await api(account).confirmEmail({ email, token })
}

describe('confirmEmail', () => {
  it('confirmEmail accepts the emailed code, once', async () => {
    const email = 'alice@example.com'
    const token = await codeAfter(email, () => api(alice).requestEmailConfirmation())
    const { from, text } = mail.mails.at(-1)!
    expect(from).toBe('pds@example.com')
    expect(text).toContain('Subject: Email Confirmation')
    expect(text).toContain(`https://bsky.app/intent/verify-email?code=${token}`)
    const wrong = api(alice).confirmEmail({ email, token: 'AAAAA-AAAAA' })
    await expect(wrong).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
    const other = api(alice).confirmEmail({ email: 'bob@example.com', token })
    await expect(other).rejects.toMatchObject({ status: 400, error: 'InvalidEmail' })
    await api(alice).confirmEmail({ email, token: token.toLowerCase() })
    expect(await session(alice)).toMatchObject({ email, emailConfirmed: true })
    const again = api(alice).confirmEmail({ email, token })
    await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
  })
})

describe('updateEmail', () => {
  it('updateEmail changes the address, which can be used to log in from then on', async () => {
    const carol = await createTestAccount(server, 'carol')
    expect((await api(carol).requestEmailUpdate()).data).toEqual({ tokenRequired: false })
    await api(carol).updateEmail({ email: 'Carol@Elsewhere.example.com' })
    const email = 'carol@elsewhere.example.com'
    expect(await session(carol)).toMatchObject({ email, emailConfirmed: false })
    await confirm(carol)
    const tokenless = api(carol).updateEmail({ email: 'carol2@example.com' })
    await expect(tokenless).rejects.toMatchObject({ status: 400, error: 'TokenRequired' })
    const token = await codeAfter(email, () => api(carol).requestEmailUpdate())
    await api(carol).updateEmail({ email: 'carol2@example.com', token })
    expect(await session(carol)).toMatchObject({
      email: 'carol2@example.com',
      emailConfirmed: false,
    })
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'carol2@example.com', password: carol.password })
    expect(agent.did).toBe(carol.did)
    const old = agent.login({ identifier: email, password: carol.password })
    await expect(old).rejects.toMatchObject({ status: 401 })
  })

  it('updateEmail rejects an address that is taken, in any case, or malformed', async () => {
    for (const email of ['bob@example.com', 'BOB@example.com', 'nonsense']) {
      const attempt = api(alice).updateEmail({ email, token: '' })
      await expect(attempt).rejects.toMatchObject({ status: 400 })
    }
    const dave = await createTestAccount(server, 'dave')
    const taken = api(dave).updateEmail({ email: 'BOB@example.com' })
    await expect(taken).rejects.toMatchObject({
      status: 400,
      error: 'InvalidRequest',
      message: 'This email address is already in use, please use a different email.',
    })
    expect((await session(dave)).email).toBe('dave@example.com')
    await api(dave).updateEmail({ email: 'dave2@example.com' })
  })

  it('updateEmail frees the old address for other accounts', async () => {
    const erin = await createTestAccount(server, 'erin')
    await api(erin).updateEmail({ email: 'erin2@example.com' })
    const agent = new AtpAgent({ service: server.url })
    const account = { handle: 'erin3.test', email: 'erin@example.com', password: 'secret' }
    await agent.createAccount(account)
    expect(agent.session?.email).toBe('erin@example.com')
  })
})

describe('resetPassword', () => {
  it('resetPassword accepts the emailed code, ends every session, and sets the new password', async () => {
    const other = new AtpAgent({ service: server.url })
    await other.login({ identifier: bob.handle, password: bob.password })
    const anonymous = new AtpAgent({ service: server.url }).com.atproto.server
    const token = await codeAfter('bob@example.com', () =>
      anonymous.requestPasswordReset({ email: 'Bob@Example.com' }),
    )
    expect(mail.mails.at(-1)!.text).toContain('@bob.test')
    const guess = anonymous.resetPassword({ token: 'AAAAA-AAAAA', password: 'new password' })
    await expect(guess).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
    await anonymous.resetPassword({ token, password: 'new password' })
    for (const agent of [bob.agent, other]) {
      const refresh = call(server, 'server.refreshSession', {
        verb: 'POST',
        as: `Bearer ${agent.session?.refreshJwt}`,
      })
      expect(await statusAndError(refresh)).toEqual([400, 'ExpiredToken'])
    }
    const old = other.login({ identifier: bob.handle, password: bob.password })
    await expect(old).rejects.toMatchObject({ status: 401 })
    await other.login({ identifier: bob.handle, password: 'new password' })
    const again = anonymous.resetPassword({ token, password: 'newer password' })
    await expect(again).rejects.toMatchObject({ status: 400, error: 'InvalidToken' })
  })

  it('requestPasswordReset does not reveal whether an account exists', async () => {
    const ask = async (email: string) => {
      const { status, body } = await call(server, 'server.requestPasswordReset', {
        body: { email },
      })
      return { status, body }
    }
    await ask('alice@example.com')
    const known = await ask('alice@example.com')
    const unknown = await ask('nobody@example.com')
    expect([known.status, known.body]).toEqual([200, ''])
    expect([unknown.status, unknown.body]).toEqual([200, ''])
    mail.refuse(true)
    const failing = await ask('alice@example.com')
    await expect.poll(() => server.logs).toContain('sending mail failed')
    mail.refuse(false)
    expect([failing.status, failing.body]).toEqual([200, ''])
  })
})

it('a mail server that fails is reported to the owner of the account as 502', async () => {
  mail.refuse(true)
  const { status, error } = await call(server, 'server.requestEmailConfirmation', {
    verb: 'POST',
    as: alice,
  })
  mail.refuse(false)
  expect([status, error]).toEqual([502, 'UpstreamFailure'])
  expect(await codeAfter('alice@example.com', () => api(alice).requestEmailConfirmation())).toMatch(
    /^[A-Z2-7]{5}-[A-Z2-7]{5}$/,
  )
})

it('an email address and its tokens survive a restart', async () => {
  const email = 'alice@example.com'
  const token = await codeAfter(email, () => api(alice).requestEmailUpdate())
  await server.restart()
  await api(alice).updateEmail({ email: 'alice2@example.com', token })
  expect(await session(alice)).toMatchObject({ email: 'alice2@example.com' })
})

it('no emailed code is in the log', () => {
  const codes = mail.mails.flatMap(
    ({ text }) => text.match(/^[A-Z2-7]{5}-[A-Z2-7]{5}(?=\r?$)/gm) ?? [],
  )
  expect(codes.length).toBeGreaterThan(5)
  expect(codes.filter((code) => server.logs.includes(code))).toEqual([])
})
