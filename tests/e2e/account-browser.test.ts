import { readFile } from 'node:fs/promises'
import { fromUint8Array as readRepo } from '@atcute/repo'
import { multibaseToBytes, P256Keypair } from '@atproto/crypto'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appPasswordAgent } from '#tests/support/app-password-agent.ts'
import { describeInBrowser, openPage } from '#tests/support/browser.ts'
import { type BrowserFixture, startBrowserFixture } from '#tests/support/browser-fixture.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import { readZip } from '#tests/support/read-zip.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const paths = [
  '',
  '/profile',
  '/recovery',
  '/apps',
  '/app-passwords',
  '/email',
  '/handle',
  '/invites',
  '/groups',
  '/data',
  '/data/files',
  '/data/export',
  '/data/activity',
  '/archives',
  '/history',
  '/move',
  '/delete',
]

// The account area, in a real browser.
describeInBrowser('the account area', () => {
  let fixture: BrowserFixture
  beforeAll(async () => {
    fixture = await startBrowserFixture()
  })
  afterAll(() => fixture?.close())

  const freshPage = () => openPage(fixture.browser)
  const newAccount = (name: string) => createTestAccount(fixture.server, name)
  const emailOf = ({ handle }: TestAccount) => handle.replace('.test', '@example.com')

  async function signIn(page: Page, { handle, password }: TestAccount, path = ''): Promise<void> {
    await page.goto(`${fixture.server.url}/account${path}`)
    await page.getByLabel('Handle or email').fill(handle)
    await page.getByLabel('Password').fill(password)
    await press(page, 'Sign in')
    await page.getByRole('button', { name: 'Sign out', exact: true }).first().waitFor()
  }

  const open = (page: Page, path: string) => page.goto(`${fixture.server.url}/account${path}`)
  const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

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

  const press = (within: Locator | Page, name: string) =>
    within.getByRole('button', { name, exact: true }).click()

  async function session({ did }: TestAccount, password: string) {
    const { status, body } = await call(fixture.server, 'server.createSession', {
      body: { identifier: did, password },
    })
    return { status, ...(body as object) }
  }

  it('the account area confirms and changes the email, and changes the handle and the profile', async () => {
    const una = await newAccount('una')
    const next = `again-${emailOf(una)}`
    const page = await freshPage()
    await signIn(page, una, '/email')

    const address = section(page, 'Email address')
    let code = await mailed(emailOf(una), () => press(address, 'Send a code'))
    await address.getByLabel('Code from the email').fill(code)
    await press(address, 'Confirm')
    await address.getByText('Confirmed', { exact: true }).waitFor()
    expect(await session(una, una.password)).toMatchObject({ emailConfirmed: true })

    const change = section(page, 'New email address')
    code = await mailed(emailOf(una), () => press(change, 'Send a code'))
    await change.getByLabel('New email address').fill(next)
    await change.getByLabel('Code from the email').fill(code)
    await press(change, 'Change')
    await page.getByText(`We sent a code to ${next}.`).waitFor()

    await open(page, '/handle')
    const here = section(page, 'A name on this server')
    await here.getByLabel('Name').fill('x')
    await press(here, 'Change')
    await here.getByText('The handle is too short.').waitFor()
    await here.getByLabel('Name').fill('renamed')
    await press(here, 'Change')
    await page.getByText('@renamed.test').first().waitFor()
    expect(await session(una, una.password)).toMatchObject({ email: next, handle: 'renamed.test' })

    await open(page, '/profile')
    await page.getByLabel('Display name').fill('Una <b>')
    await page.getByLabel('Picture').setInputFiles({
      ...{ name: 'una.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') },
    })
    await press(page, 'Save')
    await page.getByText('Saved.').waitFor()
    const shown = await page
      .locator('img.picture')
      .evaluate((img) => Reflect.get(img, 'naturalWidth'))
    expect(shown).toBe(1)
    const { body } = await call(fixture.server, 'repo.getRecord', {
      query: { repo: una.did, collection: 'app.bsky.actor.profile', rkey: 'self' },
    })
    expect(body).toMatchObject({
      value: { displayName: 'Una <b>', avatar: { mimeType: 'image/png' } },
    })
    await page.context().close()
  })

  it('the account area ends a session, and everything at once', async () => {
    const duo = await newAccount('duo')
    const [page, other] = [await freshPage(), await freshPage()]
    await signIn(page, duo, '/apps')
    await signIn(other, duo)
    const sessions = section(page, 'Other sessions')
    const end = sessions.getByRole('button', { name: /^Sign out/ })
    expect(await end.count()).toBe(1)
    await end.click()
    await sessions.getByText('No app has signed in with a password.').waitFor()
    await press(page, 'Sign out everywhere')
    await page.getByLabel('Handle or email').waitFor()
    await open(other, '')
    await other.getByLabel('Handle or email').waitFor()
    await Promise.all([page.context().close(), other.context().close()])
  })

  it("the account area pauses, resumes and deletes an account, and its app's session follows", async () => {
    const eve = await newAccount('eve')
    const page = await freshPage()
    await signIn(page, eve, '/delete')
    await press(page, 'Pause')
    await page.getByText('Saved.').waitFor()
    expect(await session(eve, eve.password)).toMatchObject({ active: false })
    await press(page, 'Resume the account')
    await expect
      .poll(() => session(eve, eve.password), { timeout: 45_000 })
      .toMatchObject({ active: true })

    await open(page, '/delete')
    const danger = section(page, 'Delete the account')
    const code = await mailed(emailOf(eve), () => press(danger, 'Send a code'))
    const fill = async (typed: string) => {
      await danger.getByLabel('Your password').fill(eve.password)
      await danger.getByLabel('Code from the email').fill(code)
      await danger.getByLabel(/^Type/).fill(typed)
      await press(danger, 'Delete the account permanently')
    }
    await fill('eve')
    await danger.getByText('The text does not match').waitFor()
    await fill(eve.handle)
    await page.getByText('The account is deleted').waitFor()
    expect((await session(eve, eve.password)).status).toBe(401)
    await open(page, '')
    await page.getByLabel('Handle or email').waitFor()
    await page.context().close()
  })

  async function writePost({ agent }: TestAccount, text: string) {
    const { data } = await agent.uploadBlob(Buffer.from(png, 'base64'), { encoding: 'image/png' })
    const images = [{ image: data.blob, alt: 'a dot' }]
    const { uri } = await agent.post({ text, embed: { $type: 'app.bsky.embed.images', images } })
    const [collection = '', rkey = ''] = uri.split('/').slice(-2)
    return { uri, rkey, path: `/data/record?${new URLSearchParams({ collection, rkey })}` }
  }

  it('the account area shows what an app writes as it happens, and deletes a record', async () => {
    const ida = await newAccount('ida')
    const page = await freshPage()
    await signIn(page, ida, '/data/activity')
    await page.getByText('New activity appears automatically.').waitFor()
    const agent = await appPasswordAgent(fixture.server, ida, 'Phone')
    const { uri, rkey } = await writePost({ ...ida, agent }, 'hello <b>')
    await page.locator('tr', { hasText: rkey }).getByText('App password “Phone”').waitFor()
    await page.getByRole('link', { name: `app.bsky.feed.post/${rkey}` }).click()
    await page.getByText('hello <b>', { exact: true }).waitFor()
    const width = () =>
      page.locator('img.preview').evaluate((img) => Reflect.get(img, 'naturalWidth'))
    await expect.poll(width, { timeout: 45_000 }).toBe(1)
    await page.getByLabel(`Type ${rkey} to confirm`).fill(rkey)
    await press(page, 'Delete this record')
    await page.getByText('The record is deleted.').waitFor()
    const found = await call(fixture.server, 'repo.getRecord', {
      query: { repo: ida.did, collection: 'app.bsky.feed.post', rkey },
    })
    expect([found.status, found.error, uri.includes(rkey)]).toEqual([400, 'RecordNotFound', true])
    await page.context().close()
  })

  it('the account area exports everything as a link, and with its progress', async () => {
    const rob = await newAccount('rob')
    await writePost(rob, 'to be kept')
    const plain = await openPage(fixture.browser, { javaScriptEnabled: false })
    await signIn(plain, rob, '/data/export')
    const [download] = await Promise.all([
      plain.waitForEvent('download'),
      section(plain, 'Records and files').getByRole('link', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^rob\.test-[\d-]{10}\.zip$/)
    const [car, ...blobs] = readZip(await readFile(await download.path()))
    const kept = [...readRepo(new Uint8Array(car!.bytes))].map(({ record }) => record)
    expect(kept).toMatchObject([{ text: 'to be kept' }])
    expect(blobs.map(({ bytes }) => bytes.toString('base64'))).toEqual([png])

    const page = await freshPage()
    // The file that a person would pick.
    await page.addInitScript(`window.showSaveFilePicker = async ({ suggestedName }) => ({
      createWritable: async () => {
        const chunks = []
        const close = () => { window.saved = { suggestedName, bytes: chunks.flatMap((one) => [...one]) } }
        return { write: async (chunk) => chunks.push(chunk), close, abort: async () => {} }
      },
    })`)
    await signIn(page, rob, '/data/export')
    await section(page, 'Records only').getByRole('link', { name: 'Download' }).click()
    await page.getByText('Download complete:').waitFor()
    const saved = (await page.evaluate('window.saved')) as {
      suggestedName: string
      bytes: number[]
    }
    expect(saved.suggestedName).toMatch(/\.car$/)
    expect([...readRepo(Uint8Array.from(saved.bytes))]).toHaveLength(1)
    await Promise.all([plain.context().close(), page.context().close()])
  })

  it('an owner adds a recovery key that the browser makes, and its private half is not sent', async () => {
    const rex = await newAccount('rex')
    const page = await freshPage()
    await signIn(page, rex, '/recovery')
    const code = await mailed(emailOf(rex), () => press(page, 'Send a code'))
    const sent: string[] = []
    page.on('request', (request) => void sent.push(request.postData() ?? ''))
    await press(page, 'Create a key in this browser')
    const secret = (await page.locator('[data-secret]').textContent()) ?? ''
    const file = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Save as a file' }).click()
    const text = await readFile(await (await file).path(), 'utf8')
    await page.getByLabel('Code from the email').first().fill(code)
    await page.getByLabel('I have saved the private key').check()
    await press(page, 'Add the key')
    await page.getByText('Saved.').waitFor()
    // Without the two bytes that name the curve.
    const pair = await P256Keypair.import(multibaseToBytes(secret).subarray(2))
    await page.getByRole('region', { name: 'Rotation keys' }).getByText(pair.did()).waitFor()
    expect(text).toContain(`${pair.did()}\n${secret}\n`)
    expect(sent.join()).toContain('did%3Akey')
    expect(sent.join()).not.toContain(secret)
    await page.context().close()
  })

  it('the account area works without a script', async () => {
    const flo = await newAccount('flo')
    const page = await openPage(fixture.browser, { javaScriptEnabled: false })
    await signIn(page, flo, '/profile')
    await page.getByLabel('Display name').fill('Flo')
    await press(page, 'Save')
    await page.getByText('Saved.').waitFor()
    await page.setViewportSize({ width: 390, height: 844 })
    await page.locator('.sections summary').click()
    await page.locator('.sections').getByRole('link', { name: 'Apps and sessions' }).click()
    await page.getByText('With your password', { exact: true }).waitFor()
    await page.context().close()
  })

  it('the pages of the account area are accessible in light and dark, and fit on a phone', async () => {
    const ada = await newAccount('with-a-long-name')
    const page = await openPage(fixture.browser, { bypassCSP: true })
    for (const path of ['/', '/status', '/nothing']) {
      await page.goto(`${fixture.server.url}${path}`)
      await mustBeGood(page, path)
    }
    await signIn(page, ada)
    const { path: record } = await writePost(ada, `a long word ${'w'.repeat(200)}`)
    for (const path of [...paths, record, '/data/records?collection=app.bsky.feed.post']) {
      await open(page, path)
      await mustBeGood(page, path)
    }
    await page.context().close()
  })
})
