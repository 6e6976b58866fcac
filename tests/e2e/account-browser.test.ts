import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, openPage } from '#tests/support/browser.ts'
import { type BrowserFixture, startBrowserFixture } from '#tests/support/browser-fixture.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

// The provider's account page, in a real browser.
describeInBrowser('the account page', () => {
  let fixture: BrowserFixture
  beforeAll(async () => {
    fixture = await startBrowserFixture()
  })
  afterAll(() => fixture?.close())

  const freshPage = () => openPage(fixture.browser)
  const newAccount = (name: string) => createTestAccount(fixture.server, name)
  const emailOf = ({ handle }: TestAccount) => handle.replace('.test', '@example.com')

  async function signIn(page: Page, { did, password }: TestAccount): Promise<void> {
    await page.goto(`${fixture.server.url}/account`)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('textbox', { name: 'Username' }).fill(did)
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('checkbox', { name: /Remember/ }).check()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(/\/account\/u\//)
  }

  /** Reloads the account page, and opens one of its dialogs. */
  async function dialog(page: Page, { did }: TestAccount, button: string): Promise<Locator> {
    await page.goto(`${fixture.server.url}/account/u/${did}/manage`)
    await page.getByRole('button', { name: button }).click()
    const opened = page.getByRole('dialog')
    await opened.waitFor()
    return opened
  }

  /** The code in the mail that `act` causes. */
  async function mailed(to: string, act: () => Promise<void>): Promise<string> {
    const before = fixture.mail.mails.length
    await act()
    const code = () => {
      const mine = fixture.mail.mails.slice(before).find((one) => one.to.includes(to))
      return /^([A-Z2-7]{5}-[A-Z2-7]{5})\r?$/m.exec(mine?.text ?? '')?.[1]
    }
    await expect.poll(code, { timeout: 45_000 }).toBeDefined()
    return code()!
  }

  const press = (within: Locator, name: string) => within.getByRole('button', { name }).click()

  async function session({ did }: TestAccount, password: string) {
    const { status, body } = await call(fixture.server, 'server.createSession', {
      body: { identifier: did, password },
    })
    return { status, ...(body as object) }
  }

  it('the account page confirms and changes the email, and changes handle and password', async () => {
    const una = await newAccount('una')
    const [next, name] = [`again-${emailOf(una)}`, 'renamed']
    const page = await freshPage()
    await signIn(page, una)

    let open = await dialog(page, una, 'Verify')
    let code = await mailed(emailOf(una), () => press(open, 'Send verification code'))
    await open.getByLabel('Verification code').fill(code)
    await press(open, 'Submit')
    await expect
      .poll(() => session(una, una.password), { timeout: 45_000 })
      .toMatchObject({ emailConfirmed: true })

    open = await dialog(page, una, 'Email address')
    await open.getByLabel('New email address').fill(next)
    code = await mailed(emailOf(una), () => press(open, 'Submit'))
    await open.getByLabel('Security code').fill(code)
    await press(open, 'Submit')
    await page.getByText('Email address successfully updated').waitFor()

    open = await dialog(page, una, 'Username')
    await press(open, 'Use a default username')
    await open.getByRole('textbox').fill(name)
    await press(open, 'Submit')
    await page.getByText('Your username has been updated').waitFor()

    open = await dialog(page, una, 'Password')
    code = await mailed(next, () => press(open, 'Send verification code'))
    await open.getByLabel('Reset code').fill(code)
    await open.getByRole('textbox', { name: 'New password' }).fill('another secret of una')
    await press(open, 'Submit')
    await expect
      .poll(() => session(una, 'another secret of una'), { timeout: 45_000 })
      .toMatchObject({ status: 200, email: next, handle: `${name}.test` })
    expect((await session(una, una.password)).status).toBe(401)
    await page.context().close()
  })

  it('the account page signs another browser out', async () => {
    const duo = await newAccount('duo')
    const [page, other] = [await freshPage(), await freshPage()]
    await signIn(page, duo)
    await signIn(other, duo)
    await page.goto(`${fixture.server.url}/account/u/${duo.did}/devices`)
    const out = page.getByRole('button', { name: 'Sign out' }).and(page.locator(':enabled'))
    await out.click()
    await out.waitFor({ state: 'detached' })
    await other.goto(`${fixture.server.url}/account/u/${duo.did}/devices`)
    await other.getByRole('button', { name: 'Sign in' }).waitFor()
    await Promise.all([page.context().close(), other.context().close()])
  })

  it("the account page deactivates, reactivates and deletes an account, and its app's session follows", async () => {
    const eve = await newAccount('eve')
    const page = await freshPage()
    await signIn(page, eve)
    let open = await dialog(page, eve, 'Deactivate account')
    await press(open, 'Yes, Deactivate')
    await page.getByText('Your account is now deactivated').waitFor()
    expect(await session(eve, eve.password)).toMatchObject({ active: false })
    open = await dialog(page, eve, 'Reactivate account')
    await press(open, 'Reactivate')
    await expect
      .poll(() => session(eve, eve.password), { timeout: 45_000 })
      .toMatchObject({ active: true })

    const inApp = await page.context().newPage()
    await inApp.goto(fixture.app.url)
    await inApp.getByText('signed out').waitFor()
    await inApp.evaluate(`void app.signIn(${JSON.stringify(eve.handle)})`)
    await inApp.getByRole('button', { name: 'Authorize' }).click()
    await inApp.getByText(`signed in as ${eve.did}`).waitFor()

    open = await dialog(page, eve, 'Delete account')
    const code = await mailed(emailOf(eve), () => press(open, 'Send email'))
    await open.getByLabel('Confirmation code').fill(code)
    await open.getByRole('textbox', { name: 'Password' }).fill(eve.password)
    await press(open, 'Delete my account')
    await press(page.getByRole('dialog'), 'Yes, delete my account')
    await expect
      .poll(async () => (await session(eve, eve.password)).status, { timeout: 45_000 })
      .toBe(401)
    const refused = inApp.evaluate(`app.call('/xrpc/com.atproto.server.getSession')`).then(
      (answer) => JSON.stringify(answer),
      (error: Error) => error.message,
    )
    expect(await refused).toMatch(/401|revoked|invalid/i)
    await page.goto(`${fixture.server.url}/account`)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.context().close()
  })
})
