import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { openPageSession, readPageToken, setPageToken } from '#src/gateway/pages/page-session.ts'
import { parseReturnTo, readReturnTo, returnToCookie } from '#src/gateway/pages/return-to.ts'
import { styleSheet } from '#src/gateway/pages/style.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

const publicUrl = 'https://pds.example.com'
const path = '/oauth/authorize?client_id=https%3A%2F%2Fapp.example%2F&request_uri=urn%3Areq'

describe('the return-to link', () => {
  it.each([
    'https://evil.example/oauth/authorize?request_uri=x',
    '//evil.example/oauth/authorize?request_uri=x',
    '/\\evil.example/oauth/authorize?request_uri=x',
    '/oauth/authorize',
    '/oauth/authorize/../../xrpc/x?request_uri=x',
    '/accounts?request_uri=x',
    '/groups-of-others',
    'javascript:alert(1)//?request_uri=x',
    `/oauth/authorize?request_uri=${'x'.repeat(4000)}`,
    undefined,
  ])('the return-to link is rejected for %s', (link) => {
    expect(parseReturnTo(link, publicUrl)).toBeUndefined()
  })

  it.each(['/account', '/account/email', '/groups/a.test?x=1', '/tenant'])(
    'the return-to link may lead to %s',
    (link) => {
      expect(parseReturnTo(link, publicUrl)).toBe(link)
      expect(parseReturnTo(`${publicUrl}${link}`, publicUrl)).toBe(link)
    },
  )

  it("the return-to link is stored in a cookie, for the provider's pages only", () => {
    const line = returnToCookie({ method: 'GET', url: path }, publicUrl)!
    expect(line).toMatch(/; Max-Age=300; Path=\/account\/security; HttpOnly; Secure; SameSite=Lax$/)
    const cookie = line.split(';')[0]!
    const url = `${publicUrl}/account/security`
    expect(readReturnTo({ url: `${url}?app&utm_source=x`, cookie }, publicUrl)).toBe(path)
    expect(readReturnTo({ url, cookie }, publicUrl)).toBeUndefined()
    expect(returnToCookie({ method: 'POST', url: path }, publicUrl)).toBeUndefined()
    expect(returnToCookie({ method: 'GET', url: '/oauth/par' }, publicUrl)).toBeUndefined()
    const over = returnToCookie({ method: 'GET', url: '/oauth/authorize/redirect?x' }, publicUrl)
    expect(over).toMatch(/^security-onward=; Max-Age=0; Path=\/account\/security/)
  })
})

describe('page cookies', () => {
  async function cookiesOf(url: string): Promise<string[]> {
    const app = new Hono<Env>()
    app.get('/', (c) => {
      const clock = { now: () => 0 }
      openPageSession(c, { branding: {} as never, server: { addressOf: () => '' }, clock }, url)
      setPageToken(c, url, { did: 'did:web:pds.example.com%3A8080', token: 'abc' })
      return c.text('')
    })
    return (await app.request('/')).headers.getSetCookie()
  }

  it('page cookies are limited to the host, and to TLS in production', async () => {
    const [form, account] = await cookiesOf(publicUrl)
    expect(form).toMatch(
      /^__Host-security-form=[\w-]{32}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(account).toMatch(
      /^__Host-security-account=\S+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect((await cookiesOf('http://localhost:2583')).join()).not.toMatch(/Secure|__Host/)
  })

  it('page cookies are bound to their device', async () => {
    const [, account] = await cookiesOf(publicUrl)
    const header = `other=1; ${account!.split(';')[0]}`
    expect(readPageToken(header, publicUrl)).toEqual({
      did: 'did:web:pds.example.com%3A8080',
      token: 'abc',
    })
    for (const value of ['', 'abc', '.did:plc:x', 'abc.alice', `${'x'.repeat(600)}.did:plc:x`]) {
      expect(readPageToken(`__Host-security-account=${value}`, publicUrl)).toBeUndefined()
    }
    expect(readPageToken(header, 'http://localhost')).toBeUndefined()
  })
})

it('Accept-Language is followed in the order of preference', () => {
  expect(messagesFor('fr;q=0.5, pt-BR, en;q=0.1').language).toBe('pt')
  expect(messagesFor('tlh, es;q=0').language).toBe('en')
  expect(messagesFor('x'.repeat(100_000)).language).toBe('en')
  const { text, formatDate } = messagesFor('de')
  expect(text('removeNamed', { name: '{name}' })).toBe('{name} entfernen')
  expect(formatDate('2026-01-02T03:04:05Z')).toBe('02.01.2026, 03:04 UTC')
})

it('a catalogue that lacks the language of the reader answers in English', () => {
  const catalogue = { en: { hello: 'Hello {name}' }, sv: { hello: 'Hej {name}' } }
  expect(messagesFor('sv', catalogue).text('hello', { name: 'Ann' })).toBe('Hej Ann')
  const { language, text } = messagesFor('ja, sv;q=0.1', catalogue)
  expect([language, text('hello', { name: 'Ann' })]).toEqual(['sv', 'Hej Ann'])
  expect(messagesFor('ja', catalogue).language).toBe('en')
})

it('branding accepts only colours, and picks readable text on them', () => {
  expect(styleSheet({ colors: { primary: '#fc0' } })).toContain('--primary:#fc0;--on-primary:#000')
  expect(styleSheet({ colors: { primary: 'rgb(0, 0, 90)' } })).toContain('--on-primary:#fff')
  const sneaky = styleSheet({ colors: { primary: 'red;}</style><script>' } })
  expect(sneaky).not.toMatch(/<|red;/)
  const picture = styleSheet({
    background: { light: 'data:,")}</style><script>', dark: 'https://a/b' },
  })
  expect(picture).not.toContain('<')
  expect(picture).toContain('--picture:url("https://a/b")')
})
