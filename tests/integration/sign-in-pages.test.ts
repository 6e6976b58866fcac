/** The pages for signing in, signing up and consent, in a browser without scripts. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actions } from '#src/gateway/pages/sign-in/actions.ts'
import type { App } from '#tests/support/oauth-client.ts'
import { confidentialClient, publicClient } from '#tests/support/oauth-client-metadata.ts'
import { type OAuthFixture, openOAuthFixture, password } from '#tests/support/oauth-fixture.ts'
import { testDid as alice } from '#tests/support/open-account.ts'
import { navigation, PageClient } from '#tests/support/page-client.ts'

const bob = 'did:plc:bobbobbobbobbobbobbobbob'

let fixture: OAuthFixture
let app: App
let browser: PageClient
beforeAll(async () => {
  fixture = await openOAuthFixture()
  await fixture.addAccount(bob, 'bob.test')
}, 20_000)
beforeEach(async () => {
  app = await confidentialClient(fixture, `${crypto.randomUUID()}.example.com`)
  browser = newBrowser()
})
afterAll(() => fixture?.close())

const newBrowser = () => new PageClient(fixture.url, navigation)

/** Opens a request of the app: for an account, or with `fixture.url` for any. */
async function open(hint = 'alice.test', options: object = {}) {
  const { pathname, search } = await app.client.authorize(hint, options)
  await browser.open(pathname + search)
  return pathname + search
}

/** Where a page leads by itself. */
const onward = () => {
  const url = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(browser.page!.html)?.[1]
  return new URL(url!.replaceAll('&amp;', '&'))
}

const does = (name: string) => browser.page!.html.includes(`name="do" value="${name}"`)

describe('a sign-in for an app', () => {
  it('a sign-in for an app asks for the password of the account that the app names, and then for consent', async () => {
    await open()
    expect(browser.page).toMatchObject({ status: 200 })
    expect(browser.page!.html).toMatch(/name="identifier" value="alice.test"[^>]* readonly/)
    await browser.do('sign-in', { identifier: 'alice.test', password })
    expect(browser.page!.text).toContain('Create, change and delete all public data')
    await browser.do('consent')
    expect(onward().origin + onward().pathname).toBe(app.redirectUri)
    const { session } = await app.client.callback(onward().searchParams)
    expect(session.did).toBe(alice)
  })

  it('a sign-in for an app survives a reload, although the account is not remembered', async () => {
    const path = await open()
    await browser.do('sign-in', { identifier: 'alice.test', password })
    await browser.open(path)
    expect(does('consent')).toBe(true)
    await open()
    expect(does('consent')).toBe(false)
  })

  it('a sign-in for an app is not over after a wrong password', async () => {
    await open(fixture.url)
    await browser.do('sign-in', { identifier: 'alice.test', password: 'wrong' })
    expect(browser.page!.text).toContain('The handle or the password is wrong')
    expect(browser.page!.html).toContain('name="identifier" value="alice.test"')
    await browser.do('sign-in', { identifier: 'alice.test', password })
    expect(does('consent')).toBe(true)
  })

  it('a sign-in for an app offers the accounts that the browser remembers', async () => {
    await open(fixture.url)
    await browser.do('sign-in', { identifier: 'alice.test', password, remember: 'yes' })
    await open(fixture.url)
    expect(browser.page!.text).toContain('Choose an account')
    const [, choice] = /href="([^"]*account=did[^"]*)"/.exec(browser.page!.html)!
    await browser.open(choice!.replaceAll('&amp;', '&'))
    expect(does('consent')).toBe(true)
  })

  it('a sign-in with prompt=login asks for the password again, once', async () => {
    await open()
    await browser.do('sign-in', { identifier: 'alice.test', password, remember: 'yes' })
    await open('alice.test', { prompt: 'login' })
    expect(does('consent')).toBe(false)
    await browser.do('sign-in', { identifier: 'alice.test', password, remember: 'yes' })
    expect(does('consent')).toBe(true)
  })

  it('the proof of a sign-in is of no use to another browser and another request', async () => {
    await open()
    await browser.do('sign-in', { identifier: 'alice.test', password })
    const [proof, ...others] = [...browser.cookies].filter(([name]) => name.startsWith('sign-in-'))
    expect(others).toEqual([])
    browser = newBrowser()
    const path = await open()
    const requestUri = new URL(path, fixture.url).searchParams.get('request_uri')!
    const hash = createHash('sha256').update(requestUri).digest('hex').slice(0, 16)
    browser.cookies.set(`sign-in-${hash}`, proof![1])
    await browser.open(path)
    expect(does('sign-in')).toBe(true)
    expect(does('consent')).toBe(false)
  })
})

describe('consent', () => {
  it('the app gets access_denied if its user denies access', async () => {
    await open()
    await browser.do('deny')
    expect(onward().searchParams.get('error')).toBe('access_denied')
  })

  it('consent of an account that has not signed in is not given, and the request goes on', async () => {
    const path = await open(fixture.url)
    await browser.do('sign-in', { identifier: 'alice.test', password })
    await browser.do('consent', { account: bob })
    expect(does('consent')).toBe(false)
    await browser.open(`${path}&page=sign-in`)
    await browser.do('sign-in', { identifier: 'bob.test', password })
    await browser.do('consent')
    expect(onward().searchParams.get('code')).toMatch(/^cod-/)
  })

  it('consent that is given twice leads to the app with the same code, and then the page says that it is over', async () => {
    const path = await open()
    await browser.do('sign-in', { identifier: 'alice.test', password })
    const page = browser.page
    await browser.do('consent')
    const code = onward().searchParams.get('code')
    browser.page = page
    await browser.do('consent')
    expect(onward().searchParams.get('code')).toBe(code)
    await browser.open(path)
    expect(browser.page).toMatchObject({ status: 400 })
    expect(browser.page!.text).toContain('This sign-in is over')
  })

  it.each([
    ['without the email address, if the box is unchecked', {}, 'atproto'],
    ['with the email address, if the box is checked', { email: 'yes' }, 'atproto account:email'],
  ])('an app gets its scope %s', async (_, fields, granted) => {
    const scope = 'atproto account:email'
    app = await publicClient(fixture, `${crypto.randomUUID()}.example.com`, { scope })
    await open()
    await browser.do('sign-in', { identifier: 'alice.test', password })
    await browser.do('consent', fields)
    const { session } = await app.client.callback(onward().searchParams)
    expect((await session.getTokenInfo()).scope).toBe(granted)
  })
})

it("the forms of a native app's request may lead to the app, and those of a web app's only to this server", async () => {
  const targets = async () => {
    await open()
    const policy = browser.page!.headers.get('content-security-policy')!
    return /form-action ([^;]*)/.exec(policy)![1]
  }
  expect(await targets()).toBe("'self'")
  app = await publicClient(fixture, 'native.example.com', {
    application_type: 'native',
    redirect_uris: ['com.example.native:/callback'],
  })
  expect(await targets()).toBe("'self' com.example.native:")
})

describe('a sign-up for an app', () => {
  it('a sign-up for an app chooses a handle that is free, and then authorizes the app', async () => {
    await open(fixture.url, { prompt: 'create' })
    await browser.do('handle', { handle: 'alice' })
    expect(browser.page!.text).toContain('This handle is taken')
    await browser.do('handle', { handle: 'Newcomer' })
    expect(browser.page!.text).toContain('newcomer.test')
    await browser.do('sign-up', { email: 'not an address', password: 'secret of a newcomer' })
    expect(browser.page!.text).toContain('This email address cannot be used')
    await browser.do('sign-up', { email: 'n@example.com', password: 'secret of a newcomer' })
    expect(does('consent')).toBe(true)
  })
})

describe('forms from elsewhere', () => {
  it.each(Object.keys(actions))(
    'the form %s is refused from another site and without the secret',
    async (name) => {
      await open()
      await browser.do('sign-in', { identifier: 'alice.test', password })
      await open()
      const fields = { do: name, account: alice, identifier: 'alice.test', password }
      for (const [more, headers] of [
        [{ csrf: 'x'.repeat(32) }, {}],
        [{}, { origin: 'https://evil.example.com' }],
        [{}, { 'sec-fetch-site': 'same-site' }],
      ] as const) {
        const answer = await browser.do('sign-in', { ...fields, ...more }, headers)
        expect([answer.status, does('consent')]).toEqual([403, false])
        expect(answer.html).not.toContain('http-equiv="refresh"')
      }
    },
  )
})

it('a page of a request that does not exist says to go back to the app', async () => {
  const request_uri = `urn:ietf:params:oauth:request_uri:req-${'0'.repeat(32)}`
  await browser.open(
    `/oauth/authorize?${new URLSearchParams({ client_id: app.clientId, request_uri })}`,
  )
  expect(browser.page).toMatchObject({ status: 400 })
  expect(browser.page!.text).toContain('Go back to the app')
})
