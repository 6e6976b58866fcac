import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createViteServer } from 'vitest/node'
import { describeInBrowser, openPage, startBrowser } from '#tests/support/browser.ts'
import {
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { root } from '#tests/support/sources.ts'

// The example app in examples/board, and with it the SDK in packages/realtime, in two real browsers.
describeInBrowser('examples/board', () => {
  const cleanUp = new AsyncDisposableStack()
  let server: TestServer
  let browser: Browser
  let app: string
  let alice: TestAccount
  let bob: TestAccount
  beforeAll(async () => {
    server = cleanUp.use(await startServer())
    browser = await startBrowser()
    cleanUp.defer(() => browser.close())
    app = await serveBoard()
    alice = await createTestAccount(server, 'alice')
    bob = await createTestAccount(server, 'bob')
  })
  afterAll(() => cleanUp.disposeAsync())

  async function serveBoard(): Promise<string> {
    const folder = join(root, 'examples/board')
    const cacheDir = mkdtempSync(join(tmpdir(), 'headwater-board-'))
    cleanUp.defer(() => rmSync(cacheDir, { recursive: true, force: true }))
    const vite = await createViteServer({
      ...{ root: folder, configFile: join(folder, 'vite.config.ts'), cacheDir, logLevel: 'silent' },
      server: { host: '127.0.0.1', port: 0, hmr: false, ws: false, watch: null },
    })
    cleanUp.defer(() => vite.close())
    await vite.listen()
    return `http://127.0.0.1:${(vite.httpServer!.address() as AddressInfo).port}`
  }

  const boardUrl = () => `${app}/?${new URLSearchParams({ service: server.url, board: alice.did })}`

  async function signIn(page: Page, { handle, password }: TestAccount): Promise<void> {
    await page.goto(boardUrl())
    await page.getByLabel('Handle', { exact: true }).fill(handle)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('#status', { hasText: 'live' }).waitFor()
  }

  async function write(page: Page, text: string): Promise<void> {
    await page.getByLabel('Note').fill(text)
    await page.getByRole('button', { name: 'Add' }).click()
  }

  const shows = (page: Page, list: string, text: string) =>
    page.locator(`${list} li`, { hasText: text }).waitFor()
  const isPresent = (page: Page, names: string) =>
    page.locator('#present', { hasText: new RegExp(`^${names}$`) }).waitFor()

  it('two people on a board see the notes, the typing and the presence of each other, and a reload misses nothing', async () => {
    const [hers, his] = [await openPage(browser), await openPage(browser)]
    await signIn(hers, alice)
    await isPresent(hers, alice.handle)
    await signIn(his, bob)
    await his.getByText('You are not invited').waitFor()
    expect(await his.locator('form:visible').count()).toBe(0)
    await hers.getByLabel('Handle or DID').fill('not-an-account.test')
    await hers.getByRole('button', { name: 'Invite' }).click()
    await hers.getByRole('alert').filter({ hasText: 'Unable to resolve handle' }).waitFor()
    expect(await hers.getByLabel('Handle or DID').inputValue()).toBe('not-an-account.test')
    await hers.getByLabel('Handle or DID').fill(bob.handle)
    await hers.getByRole('button', { name: 'Invite' }).click()
    const both = `${alice.handle}, ${bob.handle}`
    await Promise.all([isPresent(hers, both), isPresent(his, both)])

    await write(hers, 'a note of Alice')
    await shows(his, '#notes', 'a note of Alice')
    await his.getByLabel('Note').pressSequentially('a note')
    await hers.locator('#typing', { hasText: `${bob.handle} is typing …` }).waitFor()
    await write(his, 'a note of Bob')
    await shows(hers, '#notes', 'a note of Bob')
    await his.getByRole('button', { name: 'Remove' }).click()
    await hers.locator('#notes li', { hasText: 'a note of Bob' }).waitFor({ state: 'detached' })
    await shows(his, '#changes', `${bob.handle} removed a note`)

    await his.goto('about:blank')
    await isPresent(hers, alice.handle)
    await write(hers, 'while Bob was away')
    await shows(hers, '#notes', 'while Bob was away')
    await his.goto(boardUrl())
    const missed = `${alice.handle} added while Bob was away`
    await shows(his, '#changes', missed)
    expect(await his.locator('#changes li').allTextContents()).toEqual([missed])
    await his.getByRole('button', { name: 'Sign out' }).click()
    await his.getByLabel('Password').waitFor()
    await isPresent(hers, alice.handle)
    await Promise.all([hers.context().close(), his.context().close()])
  })

  it('pages of one browser share a connection, and the next page takes it over', async () => {
    const first = await openPage(browser)
    const sockets: string[] = []
    first.context().on('page', (page) =>
      page.on('websocket', (socket) => {
        // Vite has one of its own.
        if (socket.url().includes('/xrpc/')) sockets.push(socket.url())
      }),
    )
    await signIn(first, alice)
    const second = await first.context().newPage()
    await second.goto(boardUrl())
    await second.locator('#status', { hasText: 'live' }).waitFor()
    await write(first, 'for both pages')
    await shows(second, '#notes', 'for both pages')
    expect(sockets).toEqual([])
    await first.close()
    await second.locator('#status', { hasText: 'live' }).waitFor()
    await write(second, 'after the first page')
    await shows(second, '#notes', 'after the first page')
    await expect.poll(() => sockets.length).toBe(1)
    await second.context().close()
  })
})
