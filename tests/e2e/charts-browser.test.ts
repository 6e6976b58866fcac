/** The charts of a page in a browser, without a server: read by pointer and by key, and replaced by a live page. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { charts } from '#src/gateway/pages/chart.ts'
import { assetRoutes } from '#src/gateway/pages/islands.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { renderArea } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { describeInBrowser, openPage, startBrowser, tabTo } from '#tests/support/browser.ts'
import { mustBeGood } from '#tests/support/good-page.ts'

const start = Date.UTC(2026, 10, 20, 10)

function figures(points: number, add = 0, language = 'en') {
  const times = Array.from({ length: points }, (_, i) => start + i * 60_000)
  const values = times.map((_, i) => i + add)
  const lines = [{ label: 'all', values }]
  return html`${charts({ messages: messagesFor(language) }, [
    { title: 'Calls', unit: '/s', times, lines },
    {
      title: 'Awake',
      times,
      lines: [...lines, { label: 'failed', values: times.map(() => null) }],
    },
    { title: 'New', times: times.slice(0, 1), lines },
  ])}`
}

describeInBrowser('charts', () => {
  let server: Server
  let browser: Browser
  let url: string
  beforeAll(async () => {
    const app = new Hono<Env>()
    assetRoutes(app)
    app.get('/page', (c) => {
      const { language = 'en', add = '0' } = c.req.query()
      const context = { branding: { name: 'Garden' }, messages: messagesFor(language), csrf: '' }
      const area = { label: 'Console', items: [{ href: '/page', label: 'Overview' }] }
      const body = html`<div data-cell="charts">${figures(30, Number(add), language)}</div>`
      return renderArea(context, { area, title: 'Overview', wide: true, body, islands: ['chart'] })
    })
    app.get('/part', async (c) => c.html(String(await figures(31, 100))))
    server = createServer(getRequestListener(app.fetch as never)).listen(0)
    url = `http://localhost:${(server.address() as AddressInfo).port}`
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  async function open(options = {}): Promise<Page> {
    const page = await openPage(browser, { timezoneId: 'UTC', ...options })
    await page.goto(`${url}/page`)
    return page
  }

  it('a chart is read with the arrow keys, and others show the same moment', async () => {
    const page = await open()
    const chart = page.getByRole('slider', { name: 'Calls' })
    await chart.waitFor()
    await tabTo(page, chart)
    for (const key of ['Home', 'ArrowRight', 'PageUp']) await page.keyboard.press(key)
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/10:11.AM: all 11 \/s$/)
    expect(await page.locator('.tip:visible').textContent()).toMatch(/10:11.AM *all 11 \/s/)
    const other = page.locator('figure', { hasText: 'Awake' }).locator('.legend')
    expect(await other.textContent()).toMatch(/all 11.*failed –/s)
    await page.keyboard.press('Escape')
    expect(await other.textContent()).toMatch(/all 29.*failed not known/s)
  })

  it('values are in the language of the page', async () => {
    const page = await open()
    await page.goto(`${url}/page?language=de&add=0.5`)
    const chart = page.getByRole('slider', { name: 'Calls' })
    await chart.waitFor()
    expect(await chart.getAttribute('aria-valuetext')).toBe('all 29,5 /s')
  })

  it('what a live page replaces goes on where the pointer is', async () => {
    const page = await open()
    const chart = page.getByRole('slider', { name: 'Calls' })
    await chart.hover()
    await page.locator('.tip:visible').waitFor()
    const before = await page.locator('.tip:visible').textContent()
    const part = JSON.stringify(await (await fetch(`${url}/part`)).text())
    await page.evaluate(`{
      const template = document.createElement('template')
      template.innerHTML = ${part}
      document.querySelector('[data-cell]').replaceChildren(template.content)
    }`)
    const after = page.locator('.tip:visible', { hasText: /all 1\d\d / })
    await after.waitFor()
    expect(await after.textContent()).not.toBe(before)
    expect(await page.locator('.uplot').count()).toBe(2)
  })

  it('without scripts there is the drawing of the server, and with them nothing that axe complains about', async () => {
    const plain = await open({ javaScriptEnabled: false })
    expect(await plain.locator('figure svg').count()).toBe(2)
    await plain.getByText('Not enough samples yet').waitFor()
    const page = await open({ bypassCSP: true })
    await page.getByRole('slider', { name: 'Calls' }).waitFor()
    await mustBeGood(page, 'charts')
  })
})
