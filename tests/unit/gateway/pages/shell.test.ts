import { html } from 'hono/html'
import { describe, expect, it } from 'vitest'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { fieldAttributes, renderPage } from '#src/gateway/pages/shell.ts'

const speech = messagesFor('sv-SE,en;q=0.5')

describe('a page', () => {
  it("the CSP of a page allows pictures only from the operator's hosts", async () => {
    const page = { title: 'signIn', body: html`` } as const
    const policyOf = async (look: object) => {
      const { headers } = await renderPage({ branding: look, messages: speech, csrf: '' }, page)
      return /img-src ([^;]*)/.exec(headers.get('content-security-policy')!)![1]
    }
    expect(await policyOf({})).toBe("'none'")
    const background = { light: 'https://pictures.example/a.png', dark: 'data:image/png;base64,' }
    const logo = 'https://pictures.example/logo.svg'
    expect(await policyOf({ logo, background })).toBe('https://pictures.example data:')
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
