import { expect, it } from 'vitest'
import { flowOf } from '#src/gateway/pages/sign-in/flow.ts'
import { appName } from '#src/gateway/pages/sign-in/view-parts.ts'

const at = (path: string) => flowOf(new URL(path, 'https://pds.example.com'))

it("the pages of an app's request keep the request in their URL", () => {
  const uri = 'urn:ietf:params:oauth:request_uri:req-1'
  const query = new URLSearchParams({ client_id: 'https://app.example.com/a?b', request_uri: uri })
  const flow = at(`/oauth/authorize?${query}&page=step`)
  expect(flow.requestUri).toBe(uri)
  expect(flow.next).toBeUndefined()
  expect(flow.link()).toBe(`/oauth/authorize?${query}`)
  expect(flow.link({ page: 'sign-up', handle: 'a.test' })).toBe(
    `/oauth/authorize?${query}&page=sign-up&handle=a.test`,
  )
})

it('without an app the pages lead to the area for which one signs in', () => {
  const flow = at('/account/sign-in?next=/groups/cooks.test?a')
  expect(flow.next).toBe('/groups/cooks.test?a')
  const kept = 'next=%2Fgroups%2Fcooks.test%3Fa'
  expect(flow.link()).toBe(`/account/sign-in?${kept}`)
  expect(flow.link({ page: 'reset' })).toBe(`/account/reset-password?${kept}`)
  expect(flow.link({ page: 'step' })).toBe(`/account/sign-in?${kept}&page=step`)
  expect(at('/account/sign-up').next).toBe('/account')
})

it("a sign-in leads back to an app's request, on a page of its own", () => {
  const next = '/oauth/authorize?client_id=app&request_uri=urn%3Areq'
  const flow = at(`/account/sign-in?${new URLSearchParams({ next })}`)
  expect([flow.next, flow.isToApp, flow.requestUri]).toEqual([next, true, undefined])
  expect(at('/account/sign-in?next=/account/email').isToApp).toBe(false)
})

it.each([
  'https://evil.example.com/account',
  '//evil.example.com/account',
  '/accounts-of-others',
  '/account/../oauth/token?request_uri=x',
  '/account\\..\\..\\xrpc',
  `/account/${'x'.repeat(3000)}`,
])('a sign-in does not lead to %s', (next) => {
  const flow = at(`/account/sign-in?${new URLSearchParams({ next })}`)
  expect(flow.next).toBe('/account')
  expect(flow.link()).toBe('/account/sign-in')
})

it.each([
  ['https://app.example.com/oauth-client-metadata.json', 'app.example.com'],
  [
    'https://app.example.com/other/oauth-client-metadata.json',
    'app.example.com/other/oauth-client-metadata.json',
  ],
  [
    'https://app.example.com:8443/oauth-client-metadata.json',
    'app.example.com:8443/oauth-client-metadata.json',
  ],
  ['http://localhost?redirect_uri=x', 'An app here'],
])('the app %s is called %s, whatever it calls itself', (id, shown) => {
  const client = { id, name: 'The real one', isTrusted: false }
  expect(appName(client, 'An app here')).toBe(shown)
  expect(appName({ ...client, isTrusted: true }, 'An app here')).toBe('The real one')
})
