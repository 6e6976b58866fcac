import { Secret, TOTP } from 'otpauth'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  describeInBrowser,
  openPage,
  submit,
  tabTo,
  typeInFocusedField,
} from '#tests/support/browser.ts'
import { type BrowserFixture, startBrowserFixture } from '#tests/support/browser-fixture.ts'
import { lastCode } from '#tests/support/mail-server.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'

describeInBrowser('second factors in a browser', () => {
  let fixture: BrowserFixture
  beforeAll(async () => {
    fixture = await startBrowserFixture()
  })
  afterAll(() => fixture?.close())

  const freshPage = () => openPage(fixture.browser)

  /** Adds a virtual authenticator to the page, which consents to everything. */
  async function withAuthenticator(page: Page) {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    return {
      moveTo: async (other: Page) => {
        const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
        const store = await withAuthenticator(other)
        for (const credential of credentials) await store.add(credential)
      },
      add: (credential: object) =>
        cdp.send('WebAuthn.addCredential', { authenticatorId, credential: credential as never }),
    }
  }

  async function signIn(page: Page, { handle, password }: TestAccount): Promise<void> {
    await page.goto(`${fixture.server.url}/account/security`)
    await page.getByLabel('Handle or email').fill(handle)
    await submit(page.getByLabel('Password'), password)
  }

  /** Opens an app's sign-in page. */
  async function fromApp(page: Page, { handle }: TestAccount): Promise<void> {
    await page.goto(fixture.app.url)
    await page.getByText('signed out').waitFor()
    await page.evaluate(`void app.signIn(${JSON.stringify(handle)})`)
    await page.waitForURL(/\/oauth\/authorize/)
  }

  async function consent(page: Page, { did }: TestAccount): Promise<void> {
    await page.getByRole('button', { name: /authorize|allow|accept/i }).click()
    await page.getByText(`signed in as ${did}`).waitFor()
  }

  it('a passkey is added in the browser, and signs in to an app without a password', async () => {
    const ann = await createTestAccount(fixture.server, 'ann')
    const page = await freshPage()
    const passkeys = await withAuthenticator(page)
    await signIn(page, ann)
    await page.getByLabel('Name for this device').fill('my phone')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('button', { name: 'Remove my phone' }).waitFor()

    const other = await freshPage()
    await fromApp(other, ann)
    // The password alone does not suffice.
    await submit(other.getByRole('textbox', { name: 'Password' }), ann.password)
    await other.getByRole('heading', { name: 'One more step' }).waitFor()
    await passkeys.moveTo(other)
    await other.getByRole('link', { name: 'Back to sign-in' }).click()
    await other.getByRole('button', { name: 'Sign in with a passkey' }).click()
    await consent(other, ann)
  })

  it('an authenticator app is set up with the keyboard alone, and signs in to an app', async () => {
    const bob = await createTestAccount(fixture.server, 'bob')
    const page = await freshPage()
    await signIn(page, bob)
    await tabTo(page, page.getByRole('link', { name: 'Set up' }))
    await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor()
    const key = (await page.locator('.secret').textContent())!.replaceAll(' ', '')
    const totp = new TOTP({ secret: Secret.fromBase32(key) })
    const code = (steps: number) => totp.generate({ timestamp: Date.now() + steps * 30_000 })
    // The field for the code has the focus.
    await typeInFocusedField(page, '#code', code(0), 'Enter')
    await expect.poll(() => page.getByRole('status').textContent()).toBe('Done.')

    const other = await freshPage()
    await fromApp(other, bob)
    // The app has named the account.
    await typeInFocusedField(other, '#password', bob.password, 'Enter')
    await other.getByRole('heading', { name: 'One more step' }).waitFor()
    await typeInFocusedField(other, '#code', '000000', 'Enter')
    await expect
      .poll(() => other.getByRole('alert').first().textContent())
      .toBe('The code is wrong or has expired.')
    // Each code is accepted once; the next one is already valid.
    await typeInFocusedField(other, '#code', code(1), 'Enter')
    await consent(other, bob)
  })

  it("an emailed code and a recovery code are accepted in an app's sign-in", async () => {
    const carol = await createTestAccount(fixture.server, 'carol')
    const page = await freshPage()
    await signIn(page, carol)
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByLabel('Code from the email').fill(lastCode(fixture.mail, 'carol@example.com')!)
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByRole('button', { name: 'Create new codes' }).click()
    const recovery = await page.locator('.codes > div').allInnerTexts()
    expect(recovery).toHaveLength(10)

    const before = lastCode(fixture.mail, 'carol@example.com')
    for (const pick of [() => lastCode(fixture.mail, 'carol@example.com')!, () => recovery[0]!]) {
      const other = await freshPage()
      await fromApp(other, carol)
      await submit(other.getByRole('textbox', { name: 'Password' }), carol.password)
      await other.getByRole('button', { name: 'Send a code by email' }).click()
      await other.getByRole('status').waitFor()
      expect(lastCode(fixture.mail, 'carol@example.com')).not.toBe(before)
      await submit(other.locator('#code'), 'AAAAA-AAAAA')
      await other.getByText('The code is wrong or has expired.').waitFor()
      await submit(other.locator('#code'), pick())
      await consent(other, carol)
    }
    await page.goto(`${fixture.server.url}/account/security/events`)
    expect(await page.locator('tbody tr').allInnerTexts()).toEqual(
      expect.arrayContaining([
        expect.stringContaining('App authorized'),
        expect.stringContaining('Second step failed'),
      ]),
    )
  })

  it('the security pages run only their own script, and say so if scripts are blocked', async () => {
    const page = await freshPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`${fixture.server.url}/account/security`)
    expect(complaints).toEqual([])
    expect(
      await page.evaluate(`getComputedStyle(document.querySelector('section')).borderRadius`),
    ).toBe('14px')
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">')`,
    )
    await expect.poll(() => complaints.length).toBeGreaterThan(0)
    expect(await page.evaluate('window.ran')).toBeUndefined()
  })
})
