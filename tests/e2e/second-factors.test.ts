import { AtpAgent } from '@atproto/api'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authenticator } from '#tests/support/authenticator.ts'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import { PageClient, signedInPageClient } from '#tests/support/page-client.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { rejection } from '#tests/support/xrpc-call.ts'

const [home, appPasswords] = ['/account/security', '/account/app-passwords'] as const
/** Secrets that no log may contain. */
const secrets: string[] = []

let mail: MailServer
let server: TestServer
beforeAll(async () => {
  mail = await startMailServer()
  const from = 'Headwater <pds@example.com>'
  // Two processes, so that every call is a remote one.
  server = await startServer({
    roles: 'split',
    env: { PDS_EMAIL_SMTP_URL: mail.url, PDS_EMAIL_FROM_ADDRESS: from, LOG_LEVEL: 'debug' },
  })
})
afterAll(async () => {
  await server?.remove()
  await mail?.close()
})

const signedIn = (account: TestAccount) => signedInPageClient(server.url, account)

function logIn({ handle, password }: TestAccount, authFactorToken?: string) {
  const agent = new AtpAgent({ service: server.url })
  return agent.com.atproto.server.createSession({
    identifier: handle,
    password,
    ...(authFactorToken && { authFactorToken }),
  })
}

/** Enrolls an authenticator app; returns its codes, `steps` half minutes from now. */
async function withApp(pages: PageClient) {
  const page = await pages.open(`${home}/totp`)
  const key = /<div class="secret">([A-Z2-7 ]+)</.exec(page.html)![1]!.replaceAll(' ', '')
  const app = new TOTP({ secret: Secret.fromBase32(key) })
  const code = (steps = 0) => app.generate({ timestamp: Date.now() + steps * 30_000 })
  const done = await pages.submit(`${home}/totp`, { code: code(-1) })
  return { page, done, code }
}

describe('the security pages', () => {
  it('the security pages require a sign-in, and reject a wrong password', async () => {
    const alice = await createTestAccount(server, 'ann')
    const pages = new PageClient(server.url)
    const first = await pages.open(home)
    expect(first.status).toBe(200)
    expect(first.text).toContain('Sign in with a passkey')
    for (const identifier of [alice.handle, 'nobody.test']) {
      const page = await pages.do('sign-in', { identifier, password: 'wrong' })
      expect(page.text).toContain('The handle or the password is wrong.')
    }
    expect([...pages.cookies.keys()]).not.toContain('security-account')
    const page = await pages.do('sign-in', {
      ...{ identifier: `@${alice.handle}`, password: alice.password },
    })
    expect(page.text).toContain(`Signed in as ${alice.handle}`)
    await pages.submit(`${home}/sign-out`)
    expect((await pages.open(home)).text).toContain('Password')
    expect([...pages.cookies.keys()]).not.toContain('security-account')
  })

  it('the security pages have headers against framing, other scripts, caching and leaking', async () => {
    const pages = new PageClient(server.url)
    const { headers, html } = await pages.open(home)
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    const [, nonce] = /script-src 'nonce-([^']+)'/.exec(policy)!
    expect(html).toContain(`<script type="module" nonce="${nonce}">`)
    expect(html).not.toMatch(/ on\w+="|style="/)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.has('access-control-allow-origin')).toBe(false)
    expect(headers.getSetCookie().join()).toMatch(
      /security-form=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax/,
    )
  })

  it('the security pages reject forms of other origins, and forms without the CSRF token', async () => {
    const eve = await createTestAccount(server, 'eve')
    const pages = await signedIn(eve)
    const form = { name: 'trap' }
    for (const [fields, headers] of [
      [{ ...form, csrf: 'x'.repeat(32) }, {}],
      [form, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      [form, { 'sec-fetch-site': 'same-site' }],
    ] as const) {
      await pages.open(appPasswords)
      const page = await pages.submit(`${appPasswords}/create`, fields, headers)
      expect(page).toMatchObject({ status: 403 })
    }
    expect((await eve.agent.com.atproto.server.listAppPasswords()).data.passwords).toEqual([])
    await pages.open(appPasswords)
    const huge = { name: 'x'.repeat(100_000) }
    expect(await pages.submit(`${appPasswords}/create`, huge)).toMatchObject({ status: 403 })
  })

  it("the security pages use the browser's language", async () => {
    for (const [form, lang, words] of [
      ['de-AT,de;q=0.9,en;q=0.8', 'de', 'Mit Passkey anmelden'],
      ['nl, ja;q=0.5, en;q=0.1', 'ja', 'パスキーでサインイン'],
      ['xx', 'en', 'Sign in with a passkey'],
    ] as const) {
      const page = await new PageClient(server.url, { 'accept-language': form }).open(home)
      expect(page.html).toContain(`<html lang="${lang}">`)
      expect(page.text).toContain(words)
    }
  })

  it('the security pages list events and where they came from', async () => {
    const bob = await createTestAccount(server, 'bob')
    const pages = await signedIn(bob)
    await pages.open(appPasswords)
    const { text } = await pages.submit(`${appPasswords}/create`, { name: '<b>bot</b>' })
    const password = /[a-z2-7]{4}(-[a-z2-7]{4}){3}/.exec(text)![0]
    secrets.push(password, bob.password, pages.cookies.get('security-account')!)
    await Promise.all([logIn({ ...bob, password }), pages.open(appPasswords)])
    await pages.submit(`${appPasswords}/remove`)
    expect((await rejection(logIn({ ...bob, password }))).status).toBe(401)
    const { text: events, html } = await pages.open(`${home}/events`)
    expect(html).not.toContain('<b>')
    const order = [
      'App password removed <b>bot</b>',
      'App signed in with an app password <b>bot</b>',
      'App password created <b>bot</b>',
      'Signed in',
    ].map((what) => events.lastIndexOf(what))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order).not.toContain(-1)
    expect(events).toMatch(/a visitor of the tests 127\.0\.0\.1/)
  })
})

describe('an authenticator app', () => {
  it('a TOTP code is required at the pages and by createSession, and each is accepted once', async () => {
    const carol = await createTestAccount(server, 'carol')
    const pages = await signedIn(carol)
    const { page, done, code } = await withApp(pages)
    expect(page.html).toContain('<svg')
    expect(page.html).toContain('href="otpauth://totp/')
    expect(done.text).toContain('Done.')
    const recovery = await pages.submit(`${home}/recovery`)
    const codes = recovery.text.match(/\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/g)!
    expect(codes).toHaveLength(10)
    secrets.push(...codes, carol.password)

    const without = await rejection(logIn(carol))
    expect(without).toMatchObject({ status: 401, error: 'AuthFactorTokenRequired' })
    expect(await rejection(logIn(carol, '000000'))).toMatchObject({ error: 'InvalidToken' })
    const now = code()
    expect((await logIn(carol, now)).success).toBe(true)
    expect(await rejection(logIn(carol, now))).toMatchObject({ error: 'InvalidToken' })
    expect((await logIn(carol, codes[0])).success).toBe(true)
    expect(await rejection(logIn(carol, codes[0]))).toMatchObject({ error: 'InvalidToken' })

    const again = await signedIn(carol)
    expect(again.page?.text).toContain('One more step')
    expect((await again.open(home)).text).not.toContain('Signed in as')
    await again.open('/account/sign-in?next=/account/security&page=step')
    const wrong = await again.do('step', { code: 'AAAAA-AAAAA' })
    expect(wrong.text).toContain('The code is wrong or has expired.')
    const entered = await again.do('step', { code: codes[1]! })
    expect(entered.text).toContain('Signed in as carol.test')
    expect(entered.text).toContain('Second step failed')

    await again.submit(`${home}/totp/remove`)
    expect((await logIn(carol)).success).toBe(true)

    // An owner without any factor asks the operator.
    await withApp(again)
    expect(await rejection(logIn(carol))).toMatchObject({ error: 'AuthFactorTokenRequired' })
    const removed = await fetch(`${server.url}/xrpc/_admin/remove-factors`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`,
      },
      body: JSON.stringify({ account: 'carol.test' }),
    })
    expect(await removed.json()).toEqual({ did: carol.did, removed: ['totp'] })
    expect((await logIn(carol)).success).toBe(true)
  })
})

describe('codes by email', () => {
  it('codes by email are turned on with a code, and required from then on', async () => {
    const dave = await createTestAccount(server, 'dave')
    const address = 'dave@example.com'
    const pages = await signedIn(dave)
    await pages.submit(`${home}/email/begin`)
    const typo = await pages.submit(`${home}/email`, { code: 'AAAAA-AAAAA' })
    expect(typo.text).toContain('The code is wrong')
    const done = await pages.submit(`${home}/email`, { code: lastCode(mail, address)! })
    expect(done.text).toContain('Done.')
    const { data } = await dave.agent.com.atproto.server.getSession()
    expect(data).toMatchObject({ emailAuthFactor: true, emailConfirmed: true })

    const before = lastCode(mail, address)
    const response = await rejection(logIn(dave))
    expect(response).toMatchObject({ status: 401, error: 'AuthFactorTokenRequired' })
    const code = lastCode(mail, address)!
    expect(code).not.toBe(before)
    secrets.push(code)
    expect((await logIn(dave, code)).data.emailAuthFactor).toBe(true)

    const again = await signedIn(dave)
    await again.do('mail-code')
    const entered = await again.do('step', { code: lastCode(mail, address)! })
    expect(entered.text).toContain('Signed in as dave.test')
  })

  it('codes by email are not sent to a caller without the password', async () => {
    const count = mail.mails.length
    const dave = { handle: 'dave.test', password: 'wrong' } as TestAccount
    expect(await rejection(logIn(dave))).toMatchObject({ error: 'AuthenticationRequired' })
    expect(mail.mails).toHaveLength(count)
  })
})

describe('a passkey', () => {
  it('a passkey signs in at the pages alone, and creates codes for other sign-ins', async () => {
    const fay = await createTestAccount(server, 'fay')
    const pages = await signedIn(fay)
    const passkey = new Authenticator({ origin: server.url })
    const response = passkey.register(pages.form(`${home}/passkeys`).options)
    const added = await pages.submit(`${home}/passkeys`, {
      ...{ name: 'my phone', response: JSON.stringify(response) },
    })
    expect(added.text).toContain('my phone')
    expect(await rejection(logIn(fay))).toMatchObject({ error: 'AuthFactorTokenRequired' })

    const other = new PageClient(server.url)
    await other.open(home)
    const answer = passkey.authenticate(other.passkeyOptions('passkey'))
    const userHandle = Buffer.from(fay.did).toString('base64url')
    const shown = JSON.stringify({ ...answer, response: { ...answer.response, userHandle } })
    const page = await other.do('passkey', { response: shown })
    expect(page.text).toContain('Signed in as fay.test')
    const { text } = await other.submit(`${home}/code`)
    const code = /[A-Z2-7]{5}-[A-Z2-7]{5}/.exec(text)![0]
    expect((await logIn(fay, code)).success).toBe(true)

    const thief = new PageClient(server.url)
    await thief.open(home)
    const replayed = await thief.do('passkey', { response: shown })
    expect(replayed.text).toContain('The passkey was not accepted.')

    await other.open(home)
    await other.submit(`${home}/passkeys/remove`)
    expect((await logIn(fay)).success).toBe(true)
  })
})

describe('the security log', () => {
  it('every change of the account is in its security log', async () => {
    const gus = await createTestAccount(server, 'gus')
    const { server: api } = gus.agent.com.atproto
    await gus.agent.com.atproto.identity.updateHandle({ handle: 'gustav.test' })
    await api.updateEmail({ email: 'gustav@example.com' })
    await api.requestPasswordReset({ email: 'gustav@example.com' })
    await expect.poll(() => lastCode(mail, 'gustav@example.com')).toBeDefined()
    const password = 'another password'
    await api.resetPassword({ token: lastCode(mail, 'gustav@example.com')!, password })
    await api.deactivateAccount({})
    await api.activateAccount()
    const pages = await signedIn({ ...gus, handle: 'gustav.test', password })
    const { text } = await pages.open(`${home}/events`)
    for (const what of [
      'Account reactivated',
      'Account deactivated',
      'Password changed',
      'Email changed',
      'Handle changed gustav.test',
    ]) {
      expect(text).toContain(what)
    }
  })
})

it('no password, code or token of the security pages is logged', () => {
  expect(server.logs).toContain('com.atproto.server.createSession')
  expect(secrets.length).toBeGreaterThan(10)
  expect(secrets.filter((secret) => server.logs.includes(secret))).toEqual([])
})
