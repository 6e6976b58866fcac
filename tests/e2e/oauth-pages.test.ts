import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  loopbackApp,
  ProviderPageClient,
  redirectParams,
  type SignedIn,
  signIn,
} from '#tests/support/oauth-client.ts'
import { freePort } from '#tests/support/processes.ts'
import { adminPassword, startServer, type TestServer } from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const getSession = '/xrpc/com.atproto.server.getSession'
const env: Record<string, string> = { PDS_INVITE_REQUIRED: 'true' }

let server: TestServer
let plcUrl: string
beforeAll(async () => {
  const plcPort = await freePort()
  plcUrl = `http://localhost:${plcPort}`
  env['PDS_DEV_PLC_PORT'] = String(plcPort)
  server = await startServer({ env })
})
afterAll(() => server?.remove())

const appWith = (scope: string) => loopbackApp({ scope, plcUrl, url: server.url })

async function inviteCode(): Promise<string> {
  const options = { as: admin, body: { useCount: 1 } }
  const { body } = await call(server, 'server.createInviteCode', options)
  return (body as { code: string }).code
}

interface Person {
  did: string
  handle: string
  email: string
  password: string
  /** Signed in, at the account page. */
  browser: ProviderPageClient
}

/** Signs a new account up, at the account page. */
async function newPerson(name: string): Promise<Person> {
  const browser = new ProviderPageClient(server.url)
  await browser.open(`${server.url}/account/sign-in`)
  const wanted = {
    handle: `${name}.test`,
    email: `${name}@example.com`,
    password: `secret of ${name}`,
  }
  const { status, body } = await browser.callApi<SignedIn>('/sign-up', {
    ...wanted,
    locale: 'en',
    inviteCode: await inviteCode(),
  })
  expect([status, body]).toMatchObject([200, { account: { handle: wanted.handle } }])
  return { ...wanted, did: body.account.did, browser }
}

/** The code in the newest mail. */
function mailedCode(): string {
  const folder = join(server.dir, 'mail')
  const text = readFileSync(join(folder, readdirSync(folder).sort().at(-1)!), 'utf8')
  return /^([A-Z2-7]{5}-[A-Z2-7]{5})\r?$/m.exec(text)![1]!
}

describe('sign-up in the OAuth flow', () => {
  it('sign-up in the OAuth flow makes an account and authorizes the app', async () => {
    const app = appWith('atproto transition:generic')
    const url = await app.client.authorize(server.url, { prompt: 'create' })
    const browser = new ProviderPageClient(server.url)
    expect((await browser.open(url)).status).toBe(200)
    const wanted = {
      locale: 'en',
      handle: 'zoe.test',
      email: 'zoe@example.com',
      password: 'secret of zoe',
    }
    const refused = await browser.callApi('/sign-up', { ...wanted, inviteCode: 'nothing-like-it' })
    expect(refused.status).toBe(400)
    const code = await inviteCode()
    const { body } = await browser.callApi<SignedIn>('/sign-up', { ...wanted, inviteCode: code })
    const { did } = body.account
    const consent = await browser.callApi<{ url: string }>(
      '/consent',
      { did },
      { as: body.ephemeralToken },
    )
    const { session } = await app.client.callback(redirectParams(consent.body.url))
    const answer = await session.fetchHandler(getSession)
    expect(await answer.json()).toMatchObject({ did, handle: 'zoe.test' })
  })

  it('sign-up in the OAuth flow says why a handle is not available', async () => {
    const browser = new ProviderPageClient(server.url)
    await browser.open(`${server.url}/account/sign-in`)
    const reason = async (handle: string) => {
      const { status, body } = await browser.callApi('/verify-handle-availability', { handle })
      return status === 200 ? 'available' : body['reason']
    }
    expect(await reason('free-as-air.test')).toBe('available')
    expect(await reason('zoe.test')).toBe('taken')
    expect(await reason('admin.test')).toBe('reserved')
    expect(await reason('somebody.example.com')).toBe('unsupported')
  })

  it('sign-up in the OAuth flow requires an invite code', async () => {
    const browser = new ProviderPageClient(server.url)
    await browser.open(`${server.url}/account/sign-in`)
    const wanted = {
      locale: 'en',
      handle: 'yan.test',
      email: 'yan@example.com',
      password: 'secret of yan',
    }
    expect((await browser.callApi('/sign-up', wanted)).status).toBe(400)
  })
})

describe('the account page', () => {
  it('the account page lists the devices of the account, and signs them out', async () => {
    const { did, handle, password, browser } = await newPerson('dora')
    const otherBrowser = new ProviderPageClient(server.url, { 'user-agent': 'another browser' })
    await otherBrowser.open(`${server.url}/account/sign-in`)
    await otherBrowser.callApi('/sign-in', {
      locale: 'en',
      username: handle,
      password,
      remember: true,
    })
    const devices = async () => {
      const path = `/account-sessions?did=${did}`
      return (await browser.callApi<DeviceSession[]>(path)).body
    }
    const found = await devices()
    expect(found.map((one) => [one.deviceMetadata.userAgent, one.isCurrentDevice])).toEqual(
      expect.arrayContaining([
        ['a browser of the tests', true],
        ['another browser', false],
      ]),
    )
    const { deviceId } = found.find((one) => !one.isCurrentDevice)!
    await browser.callApi('/revoke-account-session', { did, deviceId })
    expect(await devices()).toHaveLength(1)
    expect((await otherBrowser.callApi('/device-sessions')).body).toEqual([])
    expect((await browser.callApi('/sign-out', { did })).status).toBe(200)
    expect((await browser.callApi(`/account-sessions?did=${did}`)).status).toBe(401)
  })

  it('the account page shows the client address behind a trusted proxy', async () => {
    const browser = new ProviderPageClient(server.url, { 'x-forwarded-for': '203.0.113.7' })
    const { handle: username, did, password } = await newPerson('ida')
    await browser.open(`${server.url}/account/sign-in`)
    await browser.callApi('/sign-in', { locale: 'en', username, password, remember: true })
    const { body } = await browser.callApi<DeviceSession[]>(`/account-sessions?did=${did}`)
    expect(body.map((one) => one.deviceMetadata.ipAddress)).toContain('203.0.113.7')
  })

  it('the account page confirms and changes the email', async () => {
    const { did, email, browser } = await newPerson('emil')
    await browser.callApi('/verify-email-request', { did, locale: 'en' })
    const wrong = await browser.callApi('/verify-email-confirm', {
      did,
      email,
      token: 'AAAAA-BBBBB',
    })
    expect(wrong.status).toBe(400)
    const confirmed = await browser.callApi('/verify-email-confirm', {
      did,
      email,
      token: mailedCode(),
    })
    expect(confirmed.body).toMatchObject({ account: { email, emailVerified: true } })
    const { body } = await browser.callApi('/update-email-request', { did, locale: 'en' })
    expect(body).toEqual({ tokenRequired: true })
    const next = { did, email: 'emil2@example.com', token: mailedCode() }
    const changed = await browser.callApi('/update-email-confirm', next)
    expect(changed.body).toMatchObject({ account: { email: next.email, emailVerified: false } })
  })

  it('the account page changes the handle', async () => {
    const { did, browser } = await newPerson('hana')
    const { body } = await browser.callApi('/update-handle', { did, handle: 'hana2.test' })
    expect(body).toMatchObject({ account: { did, handle: 'hana2.test' } })
    const taken = await browser.callApi('/update-handle', { did, handle: 'zoe.test' })
    expect([taken.status, taken.body['reason']]).toEqual([400, 'taken'])
  })

  it('the account page resets a forgotten password', async () => {
    const { email, handle } = await newPerson('rosa')
    const browser = new ProviderPageClient(server.url)
    await browser.open(`${server.url}/account/reset-password`)
    await browser.callApi('/reset-password-request', { locale: 'en', email })
    await expect.poll(mailedCode).toMatch(/-/)
    const password = 'another secret'
    const reset = (token: string) => browser.callApi('/reset-password-confirm', { token, password })
    await expect.poll(async () => (await reset(mailedCode())).status).toBe(200)
    expect((await reset('AAAAA-BBBBB')).status).toBe(400)
    const credentials = { locale: 'en', username: handle, password }
    expect((await browser.callApi('/sign-in', credentials)).status).toBe(200)
    const unknown = { locale: 'en', email: 'nobody@example.com' }
    expect((await browser.callApi('/reset-password-request', unknown)).status).toBe(200)
  })

  it('the account page deactivates an account, which suspends its apps, and reactivates it', async () => {
    const lena = await newPerson('lena')
    const { did, browser } = lena
    const session = await signIn(appWith('atproto'), {
      ...lena,
      browser: new ProviderPageClient(server.url),
    })
    expect((await session.fetchHandler(getSession)).status).toBe(200)
    const rested = await browser.callApi('/deactivate-account', { did })
    expect(rested.body).toMatchObject({ account: { deactivated: true } })
    expect((await session.fetchHandler(getSession)).status).toBe(401)
    const back = await browser.callApi('/reactivate-account', { did })
    expect(back.body).toMatchObject({ account: { deactivated: false } })
  })

  it('the account page deletes an account with its password and the emailed code', async () => {
    const deleted = await newPerson('gone')
    const { did, password, browser } = deleted
    const session = await signIn(appWith('atproto'), {
      ...deleted,
      browser: new ProviderPageClient(server.url),
    })
    expect((await browser.callApi('/delete-account-request', { did, locale: 'en' })).status).toBe(
      200,
    )
    const token = mailedCode()
    const wrong = await browser.callApi('/delete-account-confirm', {
      did,
      token,
      password: 'wrong',
    })
    expect(wrong.status).toBe(400)
    const sure = await browser.callApi('/delete-account-confirm', { did, token, password })
    expect(sure.status).toBe(200)
    expect((await session.fetchHandler(getSession)).status).toBe(401)
    expect((await browser.callApi('/device-sessions')).body).toEqual([])
  })
})

interface DeviceSession {
  deviceId: string
  isCurrentDevice: boolean
  deviceMetadata: { userAgent: string; ipAddress: string }
}

describe('a permission set', () => {
  it('a permission set of an account on this server can be requested as a scope', async () => {
    const author = await newPerson('author')
    const nsid = 'com.example.authBasic'
    const lexicon = {
      $type: 'com.atproto.lexicon.schema',
      lexicon: 1,
      id: nsid,
      defs: {
        main: {
          type: 'permission-set',
          title: 'Basic app functionality',
          permissions: [
            { type: 'permission', resource: 'repo', collection: ['com.example.note'] },
            { type: 'permission', resource: 'repo', collection: ['app.bsky.feed.post'] },
          ],
        },
      },
    }
    const { identifier, password } = { identifier: author.handle, password: author.password }
    const { body } = await call(server, 'server.createSession', { body: { identifier, password } })
    const { accessJwt } = body as { accessJwt: string }
    const record = { repo: author.did, collection: lexicon.$type, rkey: nsid, record: lexicon }
    const put = await call(server, 'repo.putRecord', {
      as: `Bearer ${accessJwt}`,
      body: { ...record, validate: false },
    })
    expect(put.status).toBe(200)
    env['PDS_LEXICON_AUTHORITY_DID'] = author.did
    await server.restart()
    const browser = new ProviderPageClient(server.url)
    const session = await signIn(appWith(`atproto include:${nsid}`), { ...author, browser })
    const { scope } = await session.getTokenInfo()
    // A permission set cannot grant scopes outside its own NSID group.
    expect(scope.split(' ').sort()).toEqual(['atproto', 'repo:com.example.note'])
    const write = (collection: string) =>
      session.fetchHandler('/xrpc/com.atproto.repo.createRecord', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ repo: author.did, collection, record: { text: 'hi' } }),
      })
    expect((await write('com.example.note')).status).toBe(200)
    expect((await write('app.bsky.feed.post')).status).toBe(403)
    const unknown = appWith('atproto include:com.example.nothing')
    await expect(unknown.client.authorize(author.handle)).rejects.toThrow(/lexicon|permission/i)
  })
})
