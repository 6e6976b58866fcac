import { expect, it } from 'vitest'
import { type Network, publicChecks } from '#src/cli/public-checks.ts'

const server = {
  hostname: 'pds.example.com',
  publicUrl: 'https://pds.example.com',
  handleDomains: ['.example.com'],
}
const amy = { handle: 'amy.example.com', did: 'did:plc:amy' }

/** `pages` are bodies by URL; `names` addresses by host, `*` for any other under .example.com. */
function network(names: Record<string, string[]>, pages: Record<string, string>): Network {
  return {
    addressesOf: async (host) => {
      const isUnderDomain = host.endsWith('.example.com') && host !== server.hostname
      const found = names[host] ?? (isUnderDomain ? names['*'] : undefined)
      if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`)
      return found
    },
    fetch: async (url) => {
      const page = pages[url]
      if (page === undefined) throw new TypeError('fetch failed', { cause: new Error('no route') })
      return { status: 200, text: async () => page }
    },
  }
}

const health = { 'https://pds.example.com/xrpc/_health': '{"version":"1"}' }
const names = { 'pds.example.com': ['192.0.2.7'], '*': ['192.0.2.7'] }
const didPage = { 'https://amy.example.com/.well-known/atproto-did': 'did:plc:amy\n' }

const problems = async (net: Network, handles = [amy]) =>
  (await publicChecks(net, server, handles))
    .filter(({ ok }) => !ok)
    .map(({ check, advice }) => [check, advice])

it('a server with DNS, a wildcard and certificates has no problem', async () => {
  expect(await problems(network(names, { ...health, ...didPage }))).toEqual([])
})

it('a host without an address is a problem', async () => {
  const found = await problems(network({ '*': ['192.0.2.7'] }, { ...health, ...didPage }))
  expect(found[0]).toEqual([
    'DNS pds.example.com',
    'add an A or AAAA record with the address of this server',
  ])
})

it('a missing wildcard record, and one that leads elsewhere, are problems', async () => {
  const advice = 'add a record *.example.com with the addresses of pds.example.com'
  const pages = { ...health, ...didPage }
  const missing = network({ 'pds.example.com': ['192.0.2.7'] }, pages)
  expect(await problems(missing)).toEqual([['DNS *.example.com', advice]])
  const elsewhere = network({ ...names, '*': ['203.0.113.9'] }, pages)
  expect(await problems(elsewhere)).toEqual([['DNS *.example.com', advice]])
})

it('a server that cannot be reached over TLS is a problem, with the reason', async () => {
  const checks = await publicChecks(network(names, didPage), server, [amy])
  expect(checks.find(({ check }) => check === 'TLS pds.example.com')).toMatchObject({
    ok: false,
    detail: 'no route',
  })
})

it('a handle that does not resolve over HTTPS is a problem', async () => {
  const [found] = await problems(network(names, health))
  expect(found![0]).toBe('TLS *.example.com')
  const other = { 'https://amy.example.com/.well-known/atproto-did': 'did:plc:bob' }
  expect((await problems(network(names, { ...health, ...other })))[0]![1]).toContain('Host header')
})

it('a domain without accounts is not checked over TLS, since there may be no certificate yet', async () => {
  expect(await problems(network(names, health), [])).toEqual([])
})
