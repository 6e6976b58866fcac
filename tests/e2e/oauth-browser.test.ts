import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, openPage, startBrowser } from '#tests/support/browser.ts'
import { type AppPage, type AppSignIn, startAppPage } from '#tests/support/browser-app.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import { groupClient, ok } from '#tests/support/group-client.ts'
import { freePort } from '#tests/support/processes.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

const getSession = '/xrpc/com.atproto.server.getSession'

// An app that runs in a real browser, and the provider's pages.
describeInBrowser('an app in a browser', () => {
  let server: TestServer
  let alice: TestAccount
  let app: AppPage
  let browser: Browser
  beforeAll(async () => {
    const plcPort = await freePort()
    server = await startServer({ env: { PDS_DEV_PLC_PORT: String(plcPort) } })
    alice = await createTestAccount(server, 'alice')
    app = await startAppPage({
      scope: 'atproto repo:app.bsky.feed.post account:email?action=manage',
      server: server.url,
      plcUrl: `http://127.0.0.1:${plcPort}`,
    })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
    await server?.remove()
  })

  const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })
  const field = (page: Page, name: string | RegExp) => page.getByRole('textbox', { name })

  /** Opens the app and starts the sign-in. */
  async function begin(
    input: string,
    options: AppSignIn = {},
    leadsTo = /\/oauth\/authorize/,
    context: BrowserContextOptions = {},
  ): Promise<Page> {
    const page = await openPage(browser, context)
    await page.goto(app.url)
    await page.getByText('signed out').waitFor()
    await page.evaluate(`void app.signIn(...${JSON.stringify([input, options])})`)
    await page.waitForURL(leadsTo)
    return page
  }

  /** The result of a call that the app makes. */
  const called = (page: Page, ...args: unknown[]) =>
    page.evaluate(`app.call(...${JSON.stringify(args)})`) as Promise<{
      status: number
      body: Record<string, unknown>
    }>

  it('a browser app signs in with the scope its user consented to, writes, refreshes, and is signed out', async () => {
    const page = await begin(alice.handle)
    await field(page, 'Password').fill(alice.password)
    await page.getByRole('checkbox', { name: /Remember/ }).check()
    await button(page, /^Sign in$/).click()
    await page.getByRole('checkbox', { name: /^Email/ }).uncheck()
    await button(page, 'Authorize').click()
    await page.getByText(`signed in as ${alice.did}`).waitFor()
    const own = { did: alice.did, handle: alice.handle, active: true }
    expect(await called(page, getSession)).toEqual({ status: 200, body: own })
    const record = { $type: 'app.bsky.feed.post', text: 'hi', createdAt: new Date().toISOString() }
    const written = await called(page, '/xrpc/com.atproto.repo.createRecord', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ repo: alice.did, collection: record.$type, record }),
    })
    expect(written.status).toBe(200)
    expect(await page.evaluate('app.refresh()')).toBe('atproto repo:app.bsky.feed.post')
    expect((await called(page, getSession)).status).toBe(200)

    const account = await page.context().newPage()
    await account.goto(`${server.url}/account/apps`)
    // The account that is remembered for the app is signed in here, too.
    await button(account, /^Disconnect/).click()
    await account.getByText('Saved.').waitFor()
    // The app tries to refresh its token, and its session is over.
    const refused = await called(page, getSession).then(
      ({ status }) => String(status),
      (error: Error) => error.message,
    )
    expect(refused).toMatch(/401|revoked|invalid/i)
    await page.context().close()
  })

  it('a browser app signs in as a group of the account that signs in on our page', async () => {
    const { ask } = groupClient(server)
    ok(await ask(alice, 'create', { handle: 'cooks.test' }))
    const page = await begin('cooks.test', {}, /\/account\/act-as\/cooks\.test/)
    await page.getByText('cooks.test is shared').waitFor()
    await field(page, 'Handle or email').fill(alice.handle)
    await field(page, 'Password').fill(alice.password)
    await button(page, /^Sign in$/).click()
    await button(page, 'Authorize').click()
    await page.getByText('signed in as did:plc:').waitFor()
    expect((await called(page, getSession)).body).toMatchObject({ handle: 'cooks.test' })
    await page.context().close()
  })

  it('the pages of a sign-in are accessible, in light and dark, and fit on a phone', async () => {
    const page = await begin(server.url, {}, undefined, { bypassCSP: true })
    const link = (name: string) => page.getByRole('link', { name }).click()
    const signIn = async (password: string) => {
      await field(page, 'Handle or email').fill(alice.handle)
      await field(page, 'Password').fill(password)
      await page.getByRole('checkbox', { name: /Remember/ }).check()
      await button(page, /^Sign in$/).click()
    }
    await mustBeGood(page, 'sign-in')
    await signIn('wrong')
    await page.getByText('The handle or the password is wrong.').waitFor()
    await mustBeGood(page, 'sign-in refused')
    await link('Forgot your password?')
    await field(page, 'Email').waitFor()
    await mustBeGood(page, 'reset')
    await field(page, 'Email').fill('somebody@example.com')
    await button(page, 'Send the code').click()
    await field(page, 'Code from the email').waitFor()
    await mustBeGood(page, 'new password')
    await link('Back to sign-in')
    await link('Create an account')
    await field(page, 'Handle').fill('alice')
    await button(page, 'Next').click()
    await page.getByText('This handle is taken.').waitFor()
    await mustBeGood(page, 'handle refused')
    await field(page, 'Handle').fill('a-very-long-name')
    await button(page, 'Next').click()
    await button(page, 'Sign up').waitFor()
    await mustBeGood(page, 'sign-up')
    await link('Choose another handle')
    await link('I have an account')
    await signIn(alice.password)
    await button(page, 'Authorize').waitFor()
    await mustBeGood(page, 'consent')
    await page.reload()
    await button(page, 'Authorize').waitFor()
    // The account and its group.
    await link('Use another account')
    await page.getByRole('heading', { name: 'Choose an account' }).waitFor()
    await mustBeGood(page, 'chooser')
    await page.getByRole('link', { name: alice.handle, exact: true }).click()
    await button(page, 'Authorize').waitFor()
    await page.context().close()
  })

  it('an app gets an error if its user denies access, and a page of that request says that it is over', async () => {
    const page = await begin(server.url, {}, undefined, { bypassCSP: true })
    const request = page.url()
    await button(page, 'Cancel').click()
    await page.getByText('failed: ').waitFor()
    expect(await page.locator('output').textContent()).toMatch(/rejected|denied/)
    await page.goto(request)
    await page.getByText('This sign-in is over').waitFor()
    await mustBeGood(page, 'error')
    await page.context().close()
  })

  it("a browser app's user can sign up in the flow", async () => {
    const page = await begin(server.url, { prompt: 'create' })
    await field(page, 'Handle').fill('newcomer')
    await button(page, 'Next').click()
    await field(page, /email/i).fill('newcomer@example.com')
    await field(page, /password/i).fill('secret of a newcomer')
    await button(page, 'Sign up').click()
    await button(page, 'Authorize').click()
    await page.getByText('signed in as did:plc:').waitFor()
    expect((await called(page, getSession)).body).toMatchObject({ handle: 'newcomer.test' })
    await page.context().close()
  })
})
