import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeInBrowser, openPage, startBrowser, submit } from '#tests/support/browser.ts'
import { mustBeGood } from '#tests/support/good-page.ts'
import { adminPassword, startServer, type TestServer } from '#tests/support/server.ts'
import { areas, fillServer, pagesOf } from '../../bench/filled-server.ts'
import type { Session } from '../../bench/server-under-test.ts'
import { XrpcClient } from '../../bench/xrpc-client.ts'

/** Some minutes, so not in every run: ALL_PAGES=1. ALL_SCREENS=1 looks at each in light and dark at each size. */
const inBrowser: typeof describeInBrowser = process.env['ALL_PAGES']
  ? describeInBrowser
  : (title, tests) => void describe.skip(title, tests)
const RECORDS = 10_000
const ACCOUNTS = 1_000
const MAX_KB = 60

inBrowser('all pages, with thousands of rows and long names', () => {
  const cleanUp = new AsyncDisposableStack()
  let server: TestServer
  let browser: Browser
  let owner: Session
  beforeAll(async () => {
    server = cleanUp.use(await startServer({ env: { PDS_RATE_LIMITS_ENABLED: 'false' } }))
    browser = await startBrowser()
    cleanUp.defer(() => browser.close())
    const client = new XrpcClient(server.url)
    owner = await fillServer(client, adminPassword, { records: RECORDS, accounts: ACCOUNTS })
    await client.close()
  }, 300_000)
  afterAll(() => cleanUp.disposeAsync())

  async function signedIn(locale: string): Promise<Page> {
    const page = await openPage(browser, { locale, bypassCSP: true })
    await page.goto(`${server.url}/account`)
    await page.locator('[name=identifier]').fill(owner.handle)
    await submit(page.locator('[name=password]'), owner.password)
    await page.locator('nav.side').waitFor()
    await page.goto(`${server.url}/admin`)
    await submit(page.locator('[name=password]'), adminPassword)
    await page.locator('nav.side').waitFor()
    return page
  }

  it.each(['de-DE', 'ja-JP'])(
    'every page is accessible, fits on a phone and is small (%s)',
    async (locale) => {
      const page = await signedIn(locale)
      const seen: string[] = []
      for (const area of areas) {
        const open = async (path: string) => {
          await page.goto(`${server.url}${path}`)
          return page.content()
        }
        for (const path of await pagesOf(area, open)) {
          const answer = await page.goto(`${server.url}${path}`)
          const html = await answer!.text()
          const charts = html.match(/<svg viewBox.*?<\/svg>/gs)?.join('').length ?? 0
          expect([path, answer!.status()]).toEqual([path, 200])
          expect(html.length - charts, path).toBeLessThan(MAX_KB * 1_000)
          await mustBeGood(page, `${path} ${locale}`)
          seen.push(path)
        }
      }
      expect(seen.length).toBeGreaterThan(50)
    },
    900_000,
  )
})
