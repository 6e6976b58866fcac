/** The server is killed between every two steps of a sign-in: the sign-in continues, and nothing is accepted twice. */
import type { NodeSavedSession, NodeSavedState } from '@atproto/oauth-client-node'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Authenticator } from '#tests/support/authenticator.ts'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import {
  type App,
  dpopProof,
  dpopRequest,
  loopbackApp,
  ProviderPageClient,
  redirectParams,
} from '#tests/support/oauth-client.ts'
import { PageClient, signedInPageClient } from '#tests/support/page-client.ts'
import { freePort } from '#tests/support/processes.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const home = '/account/security'
const getSession = '/xrpc/com.atproto.server.getSession'

let mail: MailServer
let server: TestServer
let plcUrl: string
beforeAll(async () => {
  mail = await startMailServer()
  const plcPort = await freePort()
  plcUrl = `http://localhost:${plcPort}`
  server = await startServer({
    env: {
      PDS_DEV_PLC_PORT: String(plcPort),
      PDS_EMAIL_SMTP_URL: mail.url,
      PDS_EMAIL_FROM_ADDRESS: 'Headwater <pds@example.com>',
    },
  })
})
afterAll(async () => {
  await server?.remove()
  await mail?.close()
})

/** A second factor. */
interface Factor {
  /** Runs after the password, before the code exists. */
  ask(pages: PageClient): Promise<unknown>
  /** The form fields of the second step. */
  show(pages: PageClient): Record<string, string>
}

const isLong = process.env['FAULT_ROUNDS'] !== undefined
const nothing = async () => {}

/** Sets each factor up. */
const kinds: Record<string, (pages: PageClient, account: TestAccount) => Promise<Factor>> = {
  async mail(pages, { handle }) {
    const address = `${handle.split('.')[0]}@example.com`
    const code = () => lastCode(mail, address)!
    await pages.submit(`${home}/email/begin`)
    await pages.submit(`${home}/email`, { code: code() })
    return { ask: (tab) => tab.do('mail-code'), show: () => ({ code: code() }) }
  },
  async totp(pages) {
    const code = await withApp(pages)
    return { ask: nothing, show: () => ({ code: code(0) }) }
  },
  async recovery(pages) {
    await withApp(pages)
    const { text } = await pages.submit(`${home}/recovery`)
    const [code] = text.match(/\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/g)!
    return { ask: nothing, show: () => ({ code: code! }) }
  },
  async passkey(pages) {
    const passkey = new Authenticator({ origin: server.url })
    const response = passkey.register(pages.form(`${home}/passkeys`).options)
    const fields = { name: 'a phone', response: JSON.stringify(response) }
    await pages.submit(`${home}/passkeys`, fields)
    const show = (tab: PageClient) => passkey.authenticate(tab.passkeyOptions('step'))
    return { ask: nothing, show: (tab) => ({ response: JSON.stringify(show(tab)) }) }
  },
}

async function withApp(pages: PageClient) {
  const { html } = await pages.open(`${home}/totp`)
  const key = /<div class="secret">([A-Z2-7 ]+)</.exec(html)![1]!.replaceAll(' ', '')
  const app = new TOTP({ secret: Secret.fromBase32(key) })
  const code = (steps: number) => app.generate({ timestamp: Date.now() + steps * 30_000 })
  await pages.submit(`${home}/totp`, { code: code(-1) })
  return code
}

/** One account's sign-in to an app. */
interface SignIn {
  account: TestAccount
  app: App
  factor: Factor
  url: URL
  pages: PageClient
  browser: ProviderPageClient
  /** The fields shown in the second step. */
  shown: Record<string, string>
  params: URLSearchParams
  kept: NodeSavedState
}

async function begin(kind: string): Promise<SignIn> {
  const account = await createTestAccount(server, `by-${kind}`)
  const pages = await signedInPageClient(server.url, account)
  const factor = await kinds[kind]!(pages, account)
  const app = loopbackApp({ scope: 'atproto', plcUrl, url: server.url })
  return { account, app, factor } as SignIn
}

/** Kills the server and its engine at once, and starts them again; in the short form not after every step. */
async function crash(step: number): Promise<void> {
  if (!isLong && step % 2 === 1) return
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
  await server.restart()
}

/** Pushes a request with a DPoP proof by the test's key. */
async function push(clientId: string, jwt: string) {
  const answer = await fetch(`${server.url}/oauth/par`, {
    method: 'POST',
    headers: { dpop: jwt },
    body: new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      scope: 'atproto',
      redirect_uri: 'http://127.0.0.1/callback',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }),
  })
  const { error } = (await answer.json()) as { error?: string }
  return [answer.status, error, answer.headers.get('dpop-nonce')] as const
}

async function used(saved: NodeSavedSession): Promise<unknown[]> {
  const url = `${server.url}${getSession}`
  const { headers } = await dpopRequest(url, saved)
  const { status, error } = await dpopRequest(url, saved, { nonce: headers.get('dpop-nonce')! })
  return [status, error]
}

const good = [200, undefined]
const revoked = [401, 'invalid_token']

it('kill -9 between the steps of a sign-in loses no grant, and no code, passkey or token is accepted twice', async () => {
  const began = performance.now()
  const signIns = await Promise.all(Object.keys(kinds).map(begin))
  const [mailed, totp, recovery, passkey] = signIns as [SignIn, SignIn, SignIn, SignIn]
  const each = (step: (signIn: SignIn) => Promise<unknown>) => Promise.all(signIns.map(step))
  const sessionOf = ({ app, account }: SignIn) => structuredClone(app.sessions.get(account.did)!)

  await each(async (signIn) => {
    signIn.url = await signIn.app.client.authorize(signIn.account.handle)
  })
  const jwk = await newKey()
  const [, , nonce] = await push(mailed.app.clientId, 'none')
  const htu = `${server.url}/oauth/par`
  const jwt = dpopProof(jwk, { htm: 'POST', htu, nonce: nonce! })
  expect((await push(mailed.app.clientId, jwt))[0]).toBe(201)

  await crash(1) // The request was pushed; a proof was used.

  expect((await push(mailed.app.clientId, jwt)).slice(0, 2)).toEqual([401, 'invalid_dpop_proof'])
  await each(async (signIn) => {
    signIn.browser = new ProviderPageClient(server.url)
    expect((await signIn.browser.open(signIn.url)).status).toBe(200)
    signIn.pages = new PageClient(server.url, { 'user-agent': 'a browser of the tests' })
    for (const [name, value] of signIn.browser.cookies) {
      signIn.pages.cookies.set(name, encodeURIComponent(value))
    }
    await signIn.pages.open(home)
    const { handle: identifier, password } = signIn.account
    const step = await signIn.pages.do('sign-in', { identifier, password })
    expect(step.text).toContain('One more step')
    await signIn.factor.ask(signIn.pages)
  })

  await crash(2) // The password was right; codes were mailed, challenges given out.

  await each(async (signIn) => {
    signIn.shown = signIn.factor.show(signIn.pages)
    const page = await signIn.pages.do('step', signIn.shown)
    expect(page.text).toContain('Signed in as')
  })

  await crash(3) // The second step was accepted.

  await each(async ({ account, shown }) => {
    const other = await signedInPageClient(server.url, account)
    const page = await other.do('step', shown)
    expect(page.text).toMatch(/The code is wrong or has expired|The passkey was not accepted/)
    if (shown['code'] === undefined) return
    const { handle: identifier, password } = account
    const body = { identifier, password, authFactorToken: shown['code'] }
    expect((await call(server, 'server.createSession', { body })).error).toBe('InvalidToken')
  })
  await each(async (signIn) => {
    for (const [name, value] of signIn.pages.cookies) {
      signIn.browser.cookies.set(name, decodeURIComponent(value))
    }
    // The session of our pages counts as the sign-in there.
    expect((await signIn.browser.open(signIn.url)).text).toContain(signIn.account.handle)
    const { did } = signIn.account
    const { body } = await signIn.browser.callApi<{ url: string }>('/consent', { did })
    signIn.params = redirectParams(body.url)
    expect(signIn.params.get('code')).toMatch(/^cod-/)
    signIn.kept = structuredClone(signIn.app.states.get(signIn.params.get('state')!)!)
  })

  await crash(4) // The owner has consented; the app has a code.

  await each(({ app, params }) => app.client.callback(params))

  await crash(5) // The code was exchanged.

  await each(async ({ account, browser }) => {
    const { body } = await browser.callApi('/consent', { did: account.did })
    expect(JSON.stringify(body)).not.toContain('cod-')
  })
  for (const signIn of signIns) expect(await used(sessionOf(signIn))).toEqual(good)
  // The reuse of a code revokes the tokens it was exchanged for, and no others.
  mailed.app.states.set(mailed.params.get('state')!, mailed.kept)
  const first = sessionOf(mailed)
  await expect(mailed.app.client.callback(mailed.params)).rejects.toThrow(/Invalid code/)
  expect(await used(first)).toEqual(revoked)
  const before = sessionOf(totp)
  for (const { app, account } of [totp, recovery]) {
    await (await app.client.restore(account.did, false)).getTokenInfo(true)
  }
  const ended = sessionOf(passkey)
  await (await passkey.app.client.restore(passkey.account.did, false)).signOut()

  await crash(6) // Tokens were renewed, and one was taken back.

  expect(await used(ended)).toEqual(revoked)
  expect(await used(first)).toEqual(revoked)
  expect(await used(before)).toEqual(revoked)
  for (const signIn of [totp, recovery]) expect(await used(sessionOf(signIn))).toEqual(good)
  // So does the reuse of a refresh token.
  const after = sessionOf(totp)
  totp.app.sessions.set(totp.account.did, before)
  const stolen = await totp.app.client.restore(totp.account.did, false)
  await expect(stolen.getTokenInfo(true)).rejects.toThrow(/Refresh token replayed/)
  expect(await used(after)).toEqual(revoked)
  const session = await recovery.app.client.restore(recovery.account.did, false)
  await session.getTokenInfo(true)
  expect((await session.fetchHandler(getSession)).status).toBe(200)
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stdout.write(
    `kill -9 between the steps of four sign-ins: ${isLong ? 6 : 3} times in ${seconds} s\n`,
  )
})

async function newKey(): Promise<object> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ])
  return crypto.subtle.exportKey('jwk', pair.privateKey)
}
