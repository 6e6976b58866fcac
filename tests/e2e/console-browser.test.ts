import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, openPage, startBrowser, submit } from '#tests/support/browser.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

describeInBrowser('the console', () => {
  let server: TestServer
  let alice: TestAccount
  let picture: { uri: string; cid: string }
  let browser: Browser
  beforeAll(async () => {
    server = await startServer({ env: { PDS_LOCAL_REPORTS_ENABLED: 'true' } })
    alice = await createTestAccount(server, 'alice')
    picture = await postWithPicture(alice)
    // Case 1.
    await alice.agent.com.atproto.moderation.createReport({
      reasonType: 'com.atproto.moderation.defs#reasonSpam',
      reason: 'Cheap watches',
      subject: { $type: 'com.atproto.repo.strongRef', ...picture },
    })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })

  async function signIn(page: Page): Promise<void> {
    await page.goto(`${server.url}/admin`)
    await submit(page.getByLabel('Admin password'), adminPassword)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  }

  it('every page of the console is accessible, in light and dark, at a desk and on a phone', async () => {
    // The pages' CSP allows only their own script; bypassing it lets axe run.
    const page = await openPage(browser, { bypassCSP: true })
    await page.goto(`${server.url}/admin`)
    await mustBeGood(page, 'sign-in')
    await signIn(page)
    const links = page.locator('nav.side a')
    const paths = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')))
    expect(paths.length).toBeGreaterThan(12)
    const more = ['/admin/moderation/cases/1', '/admin/moderation/takedowns', '/admin/nothing']
    for (const path of [...paths, `/admin/accounts/${alice.did}`, ...more]) {
      await page.goto(`${server.url}${path}`)
      await page.locator('h1').waitFor()
      await mustBeGood(page, path!)
    }
  })

  it('an operator suspends an account and lifts it again without scripts, and both are in the audit log', async () => {
    const page = await openPage(browser, { javaScriptEnabled: false })
    await signIn(page)
    await page.goto(`${server.url}/admin/accounts`)
    await submit(page.getByLabel('Handle, email or DID'), 'alice')
    await page.getByRole('link', { name: alice.handle, exact: true }).click()
    await page.getByRole('button', { name: 'Suspend' }).click()
    await page.getByText('The account is suspended.').waitFor()
    const status = async () =>
      (await call(server, 'sync.getRepoStatus', { query: `did=${alice.did}` })).body
    expect(await status()).toMatchObject({ active: false, status: 'suspended' })
    await page.getByRole('button', { name: 'Lift the suspension' }).click()
    await page.getByText('The suspension is lifted.').waitFor()
    expect(await status()).toMatchObject({ active: true })
    await page.goto(`${server.url}/admin/audit?target=${alice.did}`)
    const rows = await page.locator('tbody tr').allTextContents()
    expect(rows.map((row) => /Lifted a suspension|Suspended an account/.exec(row)?.[0])).toEqual([
      'Lifted a suspension',
      'Suspended an account',
    ])
    expect(rows[0]).toMatch(/admin password.*127\.0\.0\.1|admin password.*::1/s)
  })

  it('a report becomes a case, from which the record is taken down, restored and the case closed', async () => {
    const page = await openPage(browser, { javaScriptEnabled: false })
    await signIn(page)
    await page.getByRole('link', { name: '1', exact: true }).click()
    await page.getByRole('link', { name: 'Case 1' }).click()
    await page.getByText('Cheap watches').waitFor()
    expect(await page.evaluate(filter)).toContain('blur')
    await page.getByLabel('Show image 1').check()
    expect(await page.evaluate(filter)).toBe('none')
    expect(await page.evaluate(`${image}.naturalWidth`)).toBeGreaterThan(0)
    const query = `repo=${alice.did}&collection=app.bsky.feed.post&rkey=${picture.uri.split('/').at(-1)}`
    const status = async () => (await call(server, 'repo.getRecord', { query })).status
    await page.getByLabel('Reason or reference').fill('spam')
    await page.getByRole('button', { name: 'Take down' }).click()
    await page.getByText('Taken down: the record (case 1: spam)').waitFor()
    expect(await status()).toBe(400)
    await page.getByRole('button', { name: 'Lift the takedown' }).click()
    await page.getByText('The takedown is lifted.').waitFor()
    expect(await status()).toBe(200)
    await page.getByLabel('Note').fill('A joke')
    await page.getByLabel('Decision').selectOption('No violation')
    await page.getByRole('button', { name: 'Close the case' }).click()
    await page.getByText('Closed: no violation').waitFor()
    await page.goto(`${server.url}/admin/moderation`)
    await page.getByText('No cases match').waitFor()
  })

  it('the overview is live and Ctrl K goes to a page by its name, under the policy of the pages', async () => {
    const page = await openPage(browser)
    const errors: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    const stream = page.waitForResponse((response) => response.url().includes('/admin/live'))
    await signIn(page)
    expect((await stream).headers()['content-type']).toBe('text/event-stream; charset=utf-8')
    // Made by the island, which may load later than that of the stream.
    await page.locator('dialog.palette').waitFor({ state: 'attached' })
    await page.keyboard.press('Control+k')
    await page.keyboard.type('conf')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Configuration' }).waitFor()
    expect(await page.locator('main').textContent()).not.toContain(adminPassword)
    expect(errors).toEqual([])
  })
})

/** Evaluated in the page. */
const image = 'document.querySelector(".blurred img")'
const filter = `getComputedStyle(${image}).filter`

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
  'base64',
)

async function postWithPicture({ agent, did: repo }: TestAccount) {
  const { data } = await agent.com.atproto.repo.uploadBlob(png, { encoding: 'image/png' })
  const { data: made } = await agent.com.atproto.repo.createRecord({
    ...{ repo, collection: 'app.bsky.feed.post' },
    record: {
      ...{ $type: 'app.bsky.feed.post', text: 'Buy now', createdAt: new Date().toISOString() },
      embed: { $type: 'app.bsky.embed.images', images: [{ alt: '', image: data.blob }] },
    },
  })
  return { uri: made.uri, cid: made.cid }
}
