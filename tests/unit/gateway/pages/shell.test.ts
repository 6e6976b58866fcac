import { html } from 'hono/html'
import { describe, expect, it } from 'vitest'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { fieldAttributes, renderArea, renderPage } from '#src/gateway/pages/shell.ts'

const speech = messagesFor('sv-SE,en;q=0.5')

describe('a page', () => {
  it("the CSP of a page allows pictures only from this server and the operator's hosts", async () => {
    const page = { title: 'signIn', body: html`` } as const
    const policyOf = async (look: object) => {
      const { headers } = await renderPage({ branding: look, messages: speech, csrf: '' }, page)
      return /img-src ([^;]*)/.exec(headers.get('content-security-policy')!)![1]
    }
    expect(await policyOf({})).toBe("'self'")
    const background = { light: 'https://pictures.example/a.png', dark: 'data:image/png;base64,' }
    const logo = 'https://pictures.example/logo.svg'
    expect(await policyOf({ logo, background })).toBe("'self' https://pictures.example data:")
  })

  it('a page tells browsers to use HTTPS only, and may be in no frame and no cache', async () => {
    const page = { title: 'signIn', body: html`` } as const
    const { headers } = await renderPage({ branding: {}, messages: speech, csrf: '' }, page)
    expect(headers.get('strict-transport-security')).toBe('max-age=63072000')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it("the operator's links are shown in the reader's language", async () => {
    const links = [{ href: 'https://example.com/?a&b', rel: 'privacy-policy' }]
    const page = { title: 'signIn', body: html``, narrow: true } as const
    const text = await (
      await renderPage({ branding: { links }, messages: speech, csrf: '' }, page)
    ).text()
    expect(text).toContain(
      '<a href="https://example.com/?a&amp;b" rel="privacy-policy">Integritet</a>',
    )
  })

  it('an error message is linked to its field', () => {
    const note = { text: 'no', bad: true, field: 'code' }
    expect(String(fieldAttributes('code', note, 'help'))).toBe(
      ' aria-invalid="true" aria-describedby="note help"',
    )
    expect(String(fieldAttributes('name', note))).toBe('')
    expect(String(fieldAttributes('code', undefined, 'help'))).toBe(' aria-describedby="help"')
  })
})

describe('a page of an area', () => {
  const context = { branding: { name: 'Garden' }, messages: messagesFor('en'), csrf: 'c' }
  const items = [
    { href: '/x', label: 'Over & all', isCurrent: true },
    { href: '/x/y', label: 'Details', badge: '3' },
  ]
  const area = { label: 'x.test', items }
  const page = { area, title: 'Over & all', body: html`<p>text</p>`, owner: 'alice.test' }

  it('an area has the same links at the side and in the menu of a phone, and marks the current one', async () => {
    const text = await (await renderArea(context, page)).text()
    const current = '<a href="/x" aria-current="page"><span>Over &amp; all</span></a>'
    expect(text.split(current)).toHaveLength(3)
    expect(text.split('<a href="/x/y"><span>Details</span>3</a>')).toHaveLength(3)
    expect(text).toContain('<title>Over &amp; all – Garden</title>')
    expect(text).toContain('action="/account/security/sign-out"')
  })

  it('who is signed in is an account, with a link to its area, or whoever has the admin password', async () => {
    const header = async (who: object) => {
      const { owner: _, ...rest } = page
      const text = await (await renderArea(context, { ...rest, ...who })).text()
      const [, nav = ''] = /<header>.*?<nav[^>]*>(.*?)\n/s.exec(text) ?? []
      return nav.replaceAll(/<\/?span[^>]*>/g, '')
    }
    const link = '<a class="owner" href="/account">Signed in as alice.test</a>'
    expect(await header({ owner: 'alice.test' })).toBe(link)
    expect(await header({ withAdminPassword: true })).toBe('Signed in with the admin password')
  })

  it('a page runs only scripts with its nonce, and lets them call this server only if they do', async () => {
    const response = await renderArea(context, page)
    const policy = response.headers.get('content-security-policy')!
    const [, nonce] = /script-src 'nonce-([^']+)';/.exec(policy)!
    const scripts = [...(await response.text()).matchAll(/<script[^>]*>/g)].map(([tag]) => tag)
    expect(scripts.length).toBeGreaterThan(0)
    for (const tag of scripts) expect(tag).toContain(`nonce="${nonce}"`)
    expect(policy).not.toContain('connect-src')
  })

  it('a page without charts is far below 60 KB', async () => {
    const { length } = await (await renderArea(context, page)).text()
    expect(length).toBeLessThan(30_000)
  })
})
