import { describe, expect, it } from 'vitest'
import { did } from '#tests/support/gateway.ts'
import { openPages } from '#tests/support/open-pages.ts'

const browser = { accept: 'text/html,*/*;q=0.8' }
const about = 'A server for the people of the garden.\n\nAsk at the gate.'

describe('the landing page', () => {
  it('is in the words of the operator, with the ways in and the names that accounts have', async () => {
    const pages = openPages({}, { name: 'Garden', description: about })
    const { status, html, headers } = await pages.fetch('/', browser)
    expect(status).toBe(200)
    expect(headers.get('set-cookie')).toBeNull()
    expect(html).toContain('<h1>Garden</h1>')
    expect(html).toContain('<p class="lead">Ask at the gate.</p>')
    expect(html).toContain('href="/account/sign-up"')
    expect(html).toContain('.test</li>')
    expect(html).toContain('<meta property="og:title" content="Garden">')
    expect(html).not.toContain('noindex')
  })

  it('what the operator writes is no markup', async () => {
    const pages = openPages({}, { name: '<b>G', description: '"><script>x</script>' })
    const { html } = await pages.fetch('/', browser)
    expect(html).not.toMatch(/<b>G|<script>x/)
  })

  it('a caller that does not ask for a page gets the text of the reference PDS', async () => {
    const { html, headers } = await openPages().fetch('/', { accept: '*/*' })
    expect(headers.get('content-type')).toMatch(/^text\/plain/)
    expect(html).toContain('This is an AT Protocol Personal Data Server')
  })

  it('at the host of a handle it is about that account, or says that there is none', async () => {
    const resolveHandle = ({ handle }: { handle: string }) =>
      handle === 'alice.test' ? { did } : null
    const pages = openPages({ directory: { accounts: { resolveHandle } } })
    const alice = await pages.fetch('/', { ...browser, host: 'alice.test' })
    expect(alice.html).toContain(`<code>${did}</code>`)
    const bob = await pages.fetch('/', { ...browser, host: 'bob.test' })
    expect([bob.status, bob.html.includes('bob.test')]).toEqual([404, true])
  })
})

describe('other pages without an account', () => {
  it('the status names what works', async () => {
    const bounds = () => ({ head: 0 })
    const pages = openPages({
      directory: { settings: { put: () => undefined } },
      sequencer: { log: { bounds } },
    })
    const { html } = await pages.fetch('/status', browser)
    expect(html).toMatch(/<dt>Signing in<\/dt><dd><span class="badge good">Works/)
  })

  it('a mistyped path is a page for a browser, and JSON for others and below /xrpc', async () => {
    const pages = openPages()
    const page = await pages.fetch('/nothing', browser)
    expect([page.status, page.html.includes('Page not found')]).toEqual([404, true])
    const json = { error: 'NotFound', message: 'Not Found' }
    expect(JSON.parse((await pages.fetch('/nothing')).html)).toEqual(json)
    const { headers } = await pages.fetch('/xrpc/a.b.c', browser)
    expect(headers.get('content-type')).toMatch(/json/)
  })

  it('the icon has the colour of the operator', async () => {
    const pages = openPages({}, { colors: { primary: '#0f766e' } })
    for (const path of ['/icon.svg', '/favicon.ico']) {
      const { headers, html } = await pages.fetch(path)
      expect([path, headers.get('content-type')]).toEqual([path, 'image/svg+xml'])
      expect(html).toContain('fill="#0f766e"')
    }
  })

  it('pages are in the language of the reader', async () => {
    const { html } = await openPages().fetch('/', { ...browser, 'accept-language': 'ja' })
    expect(html).toContain('<html lang="ja">')
    expect(html).toContain('アカウントを作成')
  })
})
