import { expect, it } from 'vitest'
import { relayClient } from '#src/gateway/relays/relay-client.ts'

const relay = 'https://relay.example.com'
const did = 'did:plc:abcdefghijklmnopqrstuvwx'

/** A relay that gives this answer; `urls` are those that it got. */
function asked(answer: () => Response) {
  const urls: string[] = []
  const client = relayClient({
    hostname: 'pds.example.com',
    fetch: async (url) => {
      urls.push(String(url))
      return answer()
    },
  })
  return { client, urls }
}

const json = (body: unknown, init?: ResponseInit) => () => Response.json(body, init)

it('a relay is asked for the status of this server, its accounts and its last event', async () => {
  const said = { hostname: 'pds.example.com', accountCount: 543, seq: 7, status: 'active' }
  const { client, urls } = asked(json(said))
  expect(await client.hostStatus(relay)).toEqual({ status: 'active', accounts: 543, seq: 7 })
  expect(urls).toEqual([`${relay}/xrpc/com.atproto.sync.getHostStatus?hostname=pds.example.com`])
})

it('what a relay does not say, or says wrongly, is not known', async () => {
  const host = (body: object) => asked(json(body)).client.hostStatus(relay)
  expect(await host({ hostname: 'pds.example.com' })).toEqual({})
  expect(await host({ status: 'x'.repeat(9_999), accountCount: -1, seq: '7' })).toEqual({
    status: 'unknown',
  })
  const repo = (body: object) => asked(json(body)).client.repoStatus(relay, did)
  expect(await repo({ did, active: false, status: 'made up' })).toEqual({ status: 'unknown' })
  expect(await repo({})).toEqual({ status: 'unknown' })
})

it('a relay says of an account that it is active or throttled, or that it does not know it', async () => {
  const repo = (body: object, status = 200) =>
    asked(json(body, { status })).client.repoStatus(relay, did)
  expect(await repo({ did, active: true, rev: '3k' })).toEqual({ status: 'active' })
  expect(await repo({ did, active: false, status: 'throttled' })).toEqual({ status: 'throttled' })
  const absent = { error: 'RepoNotFound', message: 'account not found' }
  for (const status of [400, 404]) expect(await repo(absent, status)).toEqual({ status: 'absent' })
})

it('the refusal of a relay is a failure with its message, without control characters, and its Retry-After', async () => {
  const body = { error: 'HostNotFound', message: `no\u001b[2J${'!'.repeat(999)}` }
  const notFound = await asked(json(body, { status: 404 })).client.hostStatus(relay)
  expect(notFound).toMatchObject({ name: 'HostNotFound', isReachable: true })
  const { error } = notFound as { error: string }
  expect(error).toMatch(/^it answers 404: no \[2J!+$/)
  expect(error.length).toBeLessThan(250)
  const busy = json({}, { status: 429, headers: { 'retry-after': '90' } })
  expect(await asked(busy).client.repoStatus(relay, did)).toEqual({
    ...{ error: 'it answers 429', isReachable: true, retryAfterMs: 90_000 },
  })
  const page = () => new Response('<html>', { status: 200 })
  expect(await asked(page).client.hostStatus(relay)).toMatchObject({ error: 'it answers no JSON' })
})

it('a relay that cannot be reached is a failure, not an exception', async () => {
  const cause = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
  const { client } = asked(() => {
    throw new TypeError('fetch failed', { cause })
  })
  const failure = { error: 'it cannot be reached: ECONNREFUSED', isReachable: false }
  expect(await client.hostStatus(relay)).toEqual(failure)
  expect(await client.repoStatus(relay, did)).toEqual(failure)
})
