import { Secret, TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, openPage, startBrowser, submit } from '#tests/support/browser.ts'
import { mustBeGood, mustFit } from '#tests/support/good-page.ts'
import { lastCode, type MailServer, startMailServer } from '#tests/support/mail-server.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

const picture = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')}`

describeInBrowser('the security pages', () => {
  let mail: MailServer
  let server: TestServer
  let browser: Browser
  beforeAll(async () => {
    mail = await startMailServer()
    server = await startServer({
      env: {
        PDS_EMAIL_SMTP_URL: mail.url,
        PDS_EMAIL_FROM_ADDRESS: 'Headwater <pds@example.com>',
        PDS_SERVICE_NAME: 'Garden',
        PDS_PRIMARY_COLOR: '#0f766e',
        PDS_LOGO_URL: picture,
        PDS_BACKGROUND_LIGHT_URL: picture,
        PDS_SUPPORT_URL: 'https://garden.example.com/help',
      },
    })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
    await mail?.close()
  })

  /** The pages' CSP allows only their own script; bypassing it lets axe run. */
  const freshPage = (locale = 'en-US') => openPage(browser, { locale, bypassCSP: true })

  const home = () => `${server.url}/account/security`
  const heading = (page: Page) => page.getByRole('heading', { level: 1 })

  async function signIn(page: Page, { handle, password }: TestAccount): Promise<void> {
    await page.goto(home())
    await page.locator('#identifier').fill(handle)
    await submit(page.locator('#password'), password)
  }

  /** The accessible description of a field. */
  async function described(page: Page, selector: string): Promise<string> {
    const ids = (await page.locator(selector).getAttribute('aria-describedby')) ?? ''
    const texts = ids.split(' ').map((id) => page.locator(`#${id}`).textContent())
    return (await Promise.all(texts)).join(' ')
  }

  it('the security pages are accessible, in light and dark, and fit on a phone', async () => {
    const owner = await createTestAccount(server, 'with-a-long-name')
    const page = await freshPage()
    await page.goto(home())
    await mustBeGood(page, 'sign-in')
    await signIn(page, { ...owner, password: 'wrong' })
    await page.getByRole('alert').first().waitFor()
    await mustBeGood(page, 'sign-in refused')
    expect(await described(page, '#password')).toBe('The handle or the password is wrong.')
    await page.goto(`${home()}/nonsense`)
    await mustBeGood(page, 'nothing there')
    await signIn(page, owner)
    await page.getByRole('link', { name: 'Set up' }).waitFor()
    await mustBeGood(page, 'overview with nothing set up')

    await page.getByRole('link', { name: 'Set up' }).click()
    await page.locator('.qr').waitFor()
    await submit(page.locator('#code'), '000000')
    await page.getByRole('alert').waitFor()
    expect(await described(page, '#code')).toBe('The code is wrong or has expired.')
    await mustBeGood(page, 'authenticator app')
    const key = (await page.locator('.secret').textContent())!.replaceAll(' ', '')
    await submit(page.locator('#code'), new TOTP({ secret: Secret.fromBase32(key) }).generate())
    await page.getByText('Done.').waitFor()
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByLabel('Code from the email').waitFor()
    await mustBeGood(page, 'codes by email')
    await submit(
      page.getByLabel('Code from the email'),
      lastCode(mail, owner.handle.replace('.test', '@example.com'))!,
    )
    await page.getByText('Done.').waitFor()
    await mustBeGood(page, 'overview without recovery codes')
    await page.getByRole('button', { name: 'Create new codes' }).click()
    await page.locator('.codes').waitFor()
    await mustBeGood(page, 'recovery codes')

    const appName = `an app whose name has no room ${'x'.repeat(70)}`
    for (const round of ['new', 'taken']) {
      await page.goto(`${server.url}/account/app-passwords`)
      await page.getByLabel('Name of the app').fill(appName)
      await page.getByRole('button', { name: 'Create', exact: true }).click()
      await (round === 'new' ? page.locator('.codes') : page.getByRole('alert').last()).waitFor()
      await mustBeGood(page, `app password, ${round}`)
    }
    expect(await described(page, '#name')).toMatch(/this name already/)
    expect(await page.locator('#name:focus').count()).toBe(1)
    await page.goto(`${home()}/events`)
    await mustBeGood(page, 'events')
    // The time in the reader's time zone, and the browser's name.
    const row = await page.locator('tbody tr').last().textContent()
    expect(row).not.toContain('UTC')
    expect(row).toMatch(/Linux • Chrome|Mac ?OS • Chrome|Windows • Chrome/i)

    const other = await freshPage('de-DE')
    await signIn(other, owner)
    await other.locator('#code').waitFor()
    await submit(other.locator('#code'), '000000')
    await other.getByRole('alert').first().waitFor()
    expect(await described(other, '#code')).toMatch(/^Der Code ist falsch .* Aus deiner /)
    await mustBeGood(other, 'one more step, in German')
  })

  it("the security pages use the browser's language, and fit on a phone in it", async () => {
    const owner = await createTestAccount(server, 'polyglot')
    const first = await freshPage()
    await signIn(first, owner)
    await first.locator('header form button').waitFor()
    const storageState = await first.context().storageState()
    const said: Record<string, string> = {}
    for (const locale of ['de-AT', 'fr', 'es-MX', 'pt-BR', 'ja', 'ko', 'ro', 'sv', 'xx']) {
      const page = await openPage(browser, { locale, storageState })
      await page.goto(home())
      await mustFit(page, locale)
      const lang = await page.locator('html').getAttribute('lang')
      said[locale] = `${lang}: ${await heading(page).textContent()}`
      await page.context().close()
    }
    expect(said).toEqual({
      'de-AT': 'de: Sicherheit des Kontos',
      fr: 'fr: Sécurité du compte',
      'es-MX': 'es: Seguridad de la cuenta',
      'pt-BR': 'pt: Segurança da conta',
      ja: 'ja: アカウントのセキュリティ',
      ko: 'ko: 계정 보안',
      ro: 'ro: Securitatea contului',
      sv: 'sv: Kontosäkerhet',
      xx: 'en: Account security',
    })
  })

  it("the security pages show the operator's name, logo, colour, background and links", async () => {
    const page = await freshPage()
    await page.goto(home())
    expect(await page.title()).toBe('Sign in – Garden')
    expect(await page.getByRole('img', { name: 'Garden' }).getAttribute('src')).toBe(picture)
    const styles = await page.evaluate(`[
      getComputedStyle(document.querySelector('button')).backgroundColor,
      getComputedStyle(document.documentElement).backgroundImage,
    ]`)
    expect(styles).toEqual(['rgb(15, 118, 110)', `url("${picture}")`])
    const help = page.getByRole('link', { name: 'Support' })
    expect(await help.getAttribute('href')).toBe('https://garden.example.com/help')
  })

  it('the security pages offer no passkey to a browser without WebAuthn, and say so', async () => {
    const page = await freshPage()
    await page.addInitScript('delete window.PublicKeyCredential')
    await page.goto(home())
    await page.getByText('This browser cannot use passkeys here.').waitFor()
    expect(await page.getByRole('button').allTextContents()).toEqual(['Sign in'])
  })
})
