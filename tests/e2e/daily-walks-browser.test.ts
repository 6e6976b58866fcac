import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeInBrowser, openPage, startBrowser } from '#tests/support/browser.ts'
import { headwater } from '#tests/support/command-line.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import { bearer, createTestGroup, groupClient, ok } from '#tests/support/group-client.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

const MAX_CLICKS = 3
const collection = 'app.bsky.feed.post'

// What a tenant admin and a steward do every day, each from the first page of the tenant or the group.
describeInBrowser('daily tasks', () => {
  const cleanUp = new AsyncDisposableStack()
  let server: TestServer
  let browser: Browser
  let page: Page
  let ruth: TestAccount
  let eddie: TestAccount
  let garden: TestAccount
  beforeAll(async () => {
    // A relay that cannot be reached, so that new accounts are not checked yet.
    server = cleanUp.use(await startServer({ env: { PDS_CRAWLERS: 'http://127.0.0.1:9' } }))
    browser = await startBrowser()
    cleanUp.defer(() => browser.close())
    ruth = await createTestAccount(server, 'ruth')
    eddie = await createTestAccount(server, 'eddie')
  })
  afterAll(() => cleanUp.disposeAsync())

  async function tenantCommand(...args: string[]): Promise<void> {
    const env = { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword }
    expect(await headwater(['tenant', ...args], env)).toMatchObject({ code: 0 })
  }

  async function signIn(path: string): Promise<void> {
    page = await openPage(browser, { bypassCSP: true })
    await page.goto(`${server.url}${path}`)
    await page.getByLabel('Handle or email').fill(ruth.handle)
    await page.getByLabel('Password').fill(ruth.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  }

  type Click = (target: Locator) => Promise<void>

  /** Throws if the task takes more clicks from this page. Typing is no click. */
  async function walk(task: string, start: string, steps: (click: Click) => Promise<void>) {
    await page.goto(`${server.url}${start}`)
    let clicks = 0
    await steps(async (target) => {
      clicks++
      await target.click()
    })
    expect(clicks, task).toBeLessThanOrEqual(MAX_CLICKS)
  }

  const section = (name: string) => page.locator('nav.side').getByRole('link', { name })
  const button = (name: string | RegExp) => page.getByRole('button', { name })
  const link = (name: string | RegExp) => page.getByRole('link', { name })
  const shows = (text: string | RegExp) => page.locator('main').getByText(text).first().waitFor()

  it('of a tenant admin take at most three clicks', async () => {
    const home = '/tenant/roomy'
    const receiver = createServer((_, response) => response.writeHead(500).end('out of order'))
    cleanUp.defer(() => void receiver.close())
    await once(receiver.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    await tenantCommand('create', 'roomy', '--name', 'Roomy', '--quota-accounts', '50')
    await tenantCommand('admin', 'add', 'roomy', ruth.did, '--role', 'owner')
    const { fetched, tokenFor } = groupClient(server)
    for (const [nsid, input] of [
      ['webhook.createEndpoint', { url, types: ['account.*'] }],
      ['tenant.createAccount', { externalId: 'user 7' }],
    ] as const) {
      const lxm = `dev.headwater.${nsid}`
      ok(await fetched(lxm, { headers: bearer(await tokenFor(ruth, lxm)), input }))
    }
    await signIn(home)

    await walk('see the newest accounts, their relays and the quota', home, async () => {
      await shows('user 7')
      await shows('Not checked yet')
      await shows('1 of 50')
    })
    const findUser = async (click: Click) => {
      await page.getByLabel(/external id/).fill('user 7')
      await click(button('Find'))
      await click(page.locator('main').getByRole('link', { name: /\.test$/ }))
    }
    await walk('look up a user and send a claim link', home, async (click) => {
      await findUser(click)
      await click(button('Create a claim link'))
      await shows(/\/claim\?account=/)
    })
    await walk('suspend a spammer', home, async (click) => {
      await findUser(click)
      await page.getByLabel('Reason').fill('spam')
      await click(button('Suspend'))
      await shows('suspended')
    })
    await walk('read why a webhook failed, and replay it', home, async (click) => {
      await click(link(url))
      await shows(/^500/)
      await click(button(/Send again/).first())
      await shows('Done.')
    })
    await walk('add a domain', home, async (click) => {
      await click(section('Domains'))
      await page.getByLabel('Domain', { exact: true }).fill('people.example.org')
      await click(button('Add'))
      await shows('_headwater-challenge.people.example.org')
    })
    await walk('import accounts, and watch it', home, async (click) => {
      await click(section('Create'))
      const buffer = Buffer.from('{"externalId":"user 8"}\n{"externalId":"user 9"}\n')
      await page
        .getByLabel('JSON Lines file')
        .setInputFiles({ name: 'users.ndjson', mimeType: 'application/x-ndjson', buffer })
      await click(button('Upload'))
      await shows('2 of 2')
    })
    await page.context().close()
  })

  it('of a steward take at most three clicks, and the pages of the history are good', async () => {
    garden = await createTestGroup(server, ruth, 'garden')
    const home = `/groups/${garden.handle}`
    const { ask, actAs } = groupClient(server)
    const account = garden.did
    ok(await ask(ruth, 'addMember', { account, did: eddie.did, role: 'editor' }))
    const write = async (text: string) => {
      const record = { $type: collection, text, createdAt: new Date().toISOString() }
      const input = { repo: account, collection, record }
      ok(await actAs(eddie, account, 'com.atproto.repo.createRecord', { input }))
    }
    for (const text of ['Cheap watches', 'Cheaper watches']) await write(text)
    const noa = await createTestAccount(server, 'noa')
    const invite = { account, role: 'viewer', approval: true }
    const { token } = ok(await ask(ruth, 'createInvite', invite)) as { token: string }
    ok(await ask(noa, 'acceptInvite', { account, token, text: 'I have a spade' }))
    await signIn(home)

    await walk('accept a request to join', home, async (click) => {
      await shows('I have a spade')
      await click(button(/^Accept/))
      await shows('No pending requests.')
    })
    await walk('see who posted what', home, async (click) => {
      await click(section('Content'))
      await shows('Cheap watches')
      await shows(eddie.handle)
    })
    const history = `${server.url}${home}/history`
    await page.goto(history)
    await mustBeGood(page, 'timeline')
    await page.locator('tbody a').first().click()
    await shows('Cheaper watches')
    await mustBeGood(page, 'changes')
    await link('Versions').click()
    await mustBeGood(page, 'versions')
    await page.goto(`${history}/settings`)
    await mustBeGood(page, 'settings of the history')
    await page.goto(`${history}/restore?actor=${eddie.did}`)
    await mustBeGood(page, 'what a restore changes')

    await walk('remove a member and undo what they did', home, async (click) => {
      await click(section('Members'))
      await mustBeGood(page, 'members')
      const row = page.getByRole('row').filter({ hasText: eddie.handle })
      await click(row.getByRole('link', { name: 'Undo what they did' }))
      await click(button(`Remove ${eddie.handle} and undo`))
      // By the page stream, as the restore goes on after the response.
      await shows('Undo this restore')
    })
    await mustBeGood(page, 'a restore')
    await page.goto(`${server.url}${home}/content`)
    expect(await page.locator('main').textContent()).not.toContain('watches')
    await walk('invite an editor', home, async (click) => {
      await click(section('Invitations'))
      await click(button('Create a link'))
      await shows(/\/join\?token=/)
    })
    await walk('look at connected apps', home, async (click) => {
      await click(section('Apps'))
      await shows('No app has access.')
    })
    await walk('write the weekly post', home, async (click) => {
      await click(link('Write a post'))
      await mustBeGood(page, 'a new post')
      await page.getByLabel('Text').fill('The week in the garden')
      await click(button('Publish'))
      await shows('The week in the garden')
    })
    await page.context().close()
  })
})
