import { expect, it } from 'vitest'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import { otherAddressPage } from '#src/gateway/pages/other-address.ts'

function openPages(publicUrl = 'https://pds.example.com') {
  const warnings: object[] = []
  const clock = { time: 1, now: () => clock.time }
  const find = otherAddressPage({
    server: {
      service: { publicUrl },
      handleRules: async () => handleRules(['.example.org']),
    },
    branding: { name: 'Example' },
    clock,
    log: { warn: (facts: object) => void warnings.push(facts) } as never,
  })
  const open = (host: string, headers: object = {}, more: object = {}) =>
    find({
      method: 'GET',
      url: '/account/sign-up?a=1',
      httpVersion: '1.1',
      headers: { host, accept: 'text/html,*/*;q=0.8', ...headers },
      ...more,
    } as never)
  return { open, warnings, clock }
}

it('a page that is opened by the name of the server is not replaced', async () => {
  const { open, warnings } = openPages()
  for (const host of ['pds.example.com', 'PDS.example.com', 'pds.example.com:443']) {
    expect(await open(host)).toBeUndefined()
  }
  expect(await openPages('http://localhost:2583').open('localhost:2583')).toBeUndefined()
  expect(warnings).toEqual([])
})

it('a page that is opened by another name says where the server is, and links to the same page there', async () => {
  const { open, warnings } = openPages()
  const page = await open('localhost:2725', { 'accept-language': 'en' })
  expect(page!.status).toBe(421)
  const text = await page!.text()
  expect(text).toContain('This server is https://pds.example.com. At localhost:2725 you cannot')
  expect(text).toContain('href="https://pds.example.com/account/sign-up?a=1"')
  expect(warnings).toEqual([{ host: 'localhost:2725', publicUrl: 'https://pds.example.com' }])
})

it('the log line about another name is written once a minute', async () => {
  const { open, warnings, clock } = openPages()
  await open('a.test')
  await open('b.test')
  clock.time += 60_000
  await open('c.test')
  expect(warnings).toHaveLength(2)
})

it('a name that a proxy has put in place of the real one is accepted', async () => {
  const { open } = openPages()
  expect(await open('localhost:2583', { 'x-forwarded-for': '192.0.2.1' })).toBeUndefined()
  expect(await open('headwater', {}, { httpVersion: '1.0' })).toBeUndefined()
})

it('the host of a handle is another name, also through a proxy', async () => {
  const { open } = openPages()
  expect((await open('amy.example.org', { 'x-forwarded-for': '192.0.2.1' }))!.status).toBe(421)
})

it('only pages are replaced', async () => {
  const { open } = openPages()
  const others = [
    ...[{ url: '/.well-known/atproto-did' }, { url: '/xrpc/_health' }, { url: '/oauth/jwks' }],
    ...[{ url: '/accounts' }, { method: 'POST' }],
  ]
  for (const more of others) expect(await open('localhost:2725', {}, more)).toBeUndefined()
  expect(await open('localhost:2725', { accept: 'application/json' })).toBeUndefined()
})
