import { html } from 'hono/html'
import { describe, expect, it } from 'vitest'
import { answerPage, told } from '#src/gateway/pages/shell.ts'
import { speechOf } from '#src/gateway/pages/words.ts'

const speech = speechOf('sv-SE,en;q=0.5')

describe('a page', () => {
  it("takes pictures from where the operator's are, and from nowhere else", async () => {
    const page = { title: 'signIn', body: html`` } as const
    const policyOf = async (look: object) => {
      const { headers } = await answerPage({ look, speech, csrf: '' }, page)
      return /img-src ([^;]*)/.exec(headers.get('content-security-policy')!)![1]
    }
    expect(await policyOf({})).toBe("'none'")
    const background = { light: 'https://pictures.example/a.png', dark: 'data:image/png;base64,' }
    const logo = 'https://pictures.example/logo.svg'
    expect(await policyOf({ logo, background })).toBe('https://pictures.example data:')
  })

  it("names the operator's pages in the reader's language", async () => {
    const links = [{ href: 'https://example.com/?a&b', rel: 'privacy-policy' }]
    const page = { title: 'signIn', body: html``, narrow: true } as const
    const text = await (await answerPage({ look: { links }, speech, csrf: '' }, page)).text()
    expect(text).toContain(
      '<a href="https://example.com/?a&amp;b" rel="privacy-policy">Integritet</a>',
    )
  })

  it('ties what went wrong to its field', () => {
    const note = { text: 'no', bad: true, field: 'code' }
    expect(String(told('code', note, 'help'))).toBe(
      ' aria-invalid="true" aria-describedby="note help"',
    )
    expect(String(told('name', note))).toBe('')
    expect(String(told('code', undefined, 'help'))).toBe(' aria-describedby="help"')
  })
})
