import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { keepToken, shownIn, visitOf } from '#src/gateway/pages/page-session.ts'
import { onwardPath, rememberedOnward, rememberOnward } from '#src/gateway/pages/return-to.ts'
import { styleOf } from '#src/gateway/pages/style.ts'
import { speechOf } from '#src/gateway/pages/words.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const publicUrl = 'https://pds.example.com'
const path = '/oauth/authorize?client_id=https%3A%2F%2Fapp.example%2F&request_uri=urn%3Areq'

describe('the way back to an app', () => {
  it.each([
    'https://evil.example/oauth/authorize?request_uri=x',
    '//evil.example/oauth/authorize?request_uri=x',
    '/\\evil.example/oauth/authorize?request_uri=x',
    '/oauth/authorize',
    '/oauth/authorize/../../account?request_uri=x',
    '/account?request_uri=x',
    'javascript:alert(1)//?request_uri=x',
    `/oauth/authorize?request_uri=${'x'.repeat(4000)}`,
    undefined,
  ])('is none to %s', (wish) => {
    expect(onwardPath(wish, publicUrl)).toBeUndefined()
  })

  it('is remembered by the browser, for the link of the stock pages only', () => {
    const line = rememberOnward({ method: 'GET', url: path }, publicUrl)!
    expect(line).toMatch(/; Max-Age=300; Path=\/account\/security; HttpOnly; Secure; SameSite=Lax$/)
    const cookie = line.split(';')[0]!
    const url = `${publicUrl}/account/security`
    expect(rememberedOnward({ url: `${url}?app&utm_source=x`, cookie }, publicUrl)).toBe(path)
    expect(rememberedOnward({ url, cookie }, publicUrl)).toBeUndefined()
    expect(rememberOnward({ method: 'POST', url: path }, publicUrl)).toBeUndefined()
    expect(rememberOnward({ method: 'GET', url: '/oauth/par' }, publicUrl)).toBeUndefined()
    const over = rememberOnward({ method: 'GET', url: '/oauth/authorize/redirect?x' }, publicUrl)
    expect(over).toMatch(/^security-onward=; Max-Age=0; Path=\/account\/security/)
  })
})

describe('cookies', () => {
  async function cookiesOf(url: string): Promise<string[]> {
    const app = new Hono<Env>()
    app.get('/', (c) => {
      visitOf(c, {}, url)
      keepToken(c, url, { did: 'did:web:pds.example.com%3A8080', token: 'abc' })
      return c.text('')
    })
    return (await app.request('/')).headers.getSetCookie()
  }

  it('are kept to this host and to TLS in production', async () => {
    const [form, account] = await cookiesOf(publicUrl)
    expect(form).toMatch(
      /^__Host-security-form=[\w-]{32}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(account).toMatch(
      /^__Host-security-account=\S+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect((await cookiesOf('http://localhost:2583')).join()).not.toMatch(/Secure|__Host/)
  })

  it('say whose they are', async () => {
    const [, account] = await cookiesOf(publicUrl)
    const header = `other=1; ${account!.split(';')[0]}`
    expect(shownIn(header, publicUrl)).toEqual({
      did: 'did:web:pds.example.com%3A8080',
      token: 'abc',
    })
    for (const value of ['', 'abc', '.did:plc:x', 'abc.alice', `${'x'.repeat(600)}.did:plc:x`]) {
      expect(shownIn(`__Host-security-account=${value}`, publicUrl)).toBeUndefined()
    }
    expect(shownIn(header, 'http://localhost')).toBeUndefined()
  })
})

it('takes the wishes of a browser in their order', () => {
  expect(speechOf('fr;q=0.5, pt-BR, en;q=0.1').language).toBe('pt')
  expect(speechOf('tlh, es;q=0').language).toBe('en')
  expect(speechOf('x'.repeat(100_000)).language).toBe('en')
  const { say, date } = speechOf('de')
  expect(say('removeNamed', { name: '{name}' })).toBe('{name} entfernen')
  expect(date('2026-01-02T03:04:05Z')).toBe('02.01.2026, 03:04 UTC')
})

it('puts only colours into the style sheet, and text that can be read on them', () => {
  expect(styleOf({ colors: { primary: '#fc0' } })).toContain('--primary:#fc0;--on-primary:#000')
  expect(styleOf({ colors: { primary: 'rgb(0, 0, 90)' } })).toContain('--on-primary:#fff')
  const sneaky = styleOf({ colors: { primary: 'red;}</style><script>' } })
  expect(sneaky).not.toMatch(/<|red;/)
  const picture = styleOf({
    background: { light: 'data:,")}</style><script>', dark: 'https://a/b' },
  })
  expect(picture).not.toContain('<')
  expect(picture).toContain('--picture:url("https://a/b")')
})
