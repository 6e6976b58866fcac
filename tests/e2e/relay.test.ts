import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { post, thing, write } from '#tests/support/records.ts'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { adminPassword, createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { type StandInRelay, startStandInRelay } from '#tests/support/stand-in-relay.ts'
import { SyncConsumer } from '#tests/support/sync-consumer.ts'
import { call } from '#tests/support/xrpc-call.ts'

let relay: StandInRelay
let network: ResolvableServer
let alice: TestAccount
beforeAll(async () => {
  relay = await startStandInRelay(3)
  const relays = { PDS_CRAWLERS: relay.url, PDS_RELAY_CHECK_INTERVAL_MS: '1000' }
  const env = { ...relays, PDS_MAX_SIGN_UPS_PER_HOUR: '5' }
  network = await startResolvableServer({ env })
  alice = await createTestAccount(network.server, 'alice')
})
afterAll(async () => {
  await network?.server.remove()
  relay?.close()
})

const apply = (writes: object[]) =>
  alice.agent.com.atproto.repo.applyWrites({ repo: alice.did, writes } as never)

describe('a relay', () => {
  const story = [
    'identity alice.test',
    'account true',
    'sync',
    `create ${thing}/a`,
    `create ${thing}/b`,
    'create app.bsky.feed.post/3jzfcijpj2z2a',
    `update ${thing}/a`,
    `delete ${thing}/b`,
  ]

  it('a relay verifies every event', async () => {
    const relay = new SyncConsumer(network, 0)
    await apply([write('create', 'a', { a: 1 }), write('create', 'b', { b: 1 })])
    const value = post('Grüße')
    await apply([write('create', '3jzfcijpj2z2a', value, 'app.bsky.feed.post')])
    await apply([write('update', 'a', { a: 2 }), write('delete', 'b')])
    await expect.poll(() => relay.story).toEqual(story)
    expect(relay.errors).toEqual([])
    const made = relay.events.find(
      ({ event, ...rest }) => 'rkey' in rest && rest.rkey === '3jzfcijpj2z2a',
    )
    expect(made).toMatchObject({ did: alice.did, record: value })
    await relay.end()
  })

  it('a relay gets the same events again, and resumes from its cursor', async () => {
    const again = new SyncConsumer(network, 0)
    await expect.poll(() => again.story).toEqual(story)
    await again.end()
    const [, , , , , , last] = again.events.map(({ seq }) => seq)
    const later = new SyncConsumer(network, last)
    await apply([write('create', 'c', { c: 1 })])
    const rest = [`create ${thing}/c`]
    await expect.poll(() => later.story).toEqual(rest)
    expect([...again.errors, ...later.errors]).toEqual([])
    await later.end()
  })

  it('a relay keeps up with many concurrent writers', async () => {
    const relay = new SyncConsumer(network)
    let turn = 0
    await expect
      .poll(async () => {
        // The connection is open once it gets an event.
        await apply([write('update', 'c', { turn: ++turn })])
        return relay.events.length
      })
      .toBeGreaterThan(0)
    const names = ['bob', 'carol', 'dan', 'eve']
    const accounts = await Promise.all(names.map((name) => createTestAccount(network.server, name)))
    const made = accounts.flatMap(({ agent, did }) =>
      Array.from({ length: 40 }, async (_, i) => {
        const record = { repo: did, collection: thing, record: { i } }
        return (await agent.com.atproto.repo.createRecord(record)).data.uri
      }),
    )
    const uris = (await Promise.all(made)).sort()
    const received = () =>
      relay.events
        .flatMap((event) => (event.event === 'create' ? [event.uri.toString()] : []))
        .sort()
    await expect.poll(received).toEqual(uris)
    expect(relay.errors).toEqual([])
    await relay.end()
  })
})

describe('headwater relays', () => {
  const relays = (...args: string[]) => {
    const env = { HEADWATER_URL: network.server.url, PDS_ADMIN_PASSWORD: adminPassword }
    return headwater(['relays', ...args], env)
  }

  it('headwater relays shows the accounts that a relay throttles, and the request to its operator', async () => {
    const as = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
    const admin = async (path: string) => (await call(network.server, path, { as })).body
    const rows = async () => ((await admin('/xrpc/_admin/relays')) as { relays: object[] }).relays
    const row = { relay: relay.url, status: 'active', accountsHere: 5, active: 3, throttled: 2 }
    await expect.poll(rows, { timeout: 30_000 }).toMatchObject([row])
    expect(new Set(relay.asked).size).toBe(5)
    const { out } = await relays()
    expect(out).toMatch(
      /^relay +status +here +there +asked +throttled +absent +limit +lag +lastAsked/,
    )
    expect(out).toContain('2 accounts are throttled there')
    const listed = (await relays('accounts', relay.url, '--json')).json<{ status: string }[]>()
    expect(listed.map(({ status }) => status)).toEqual(['throttled', 'throttled'])
    const { out: text } = await relays('request')
    expect(text).toContain(`Please raise the account limit of localhost at ${relay.url} to 1000.`)
    expect(text).toContain('getRepoStatus of 5 accounts: 3 active, 2 throttled, 0 not found')
    await relays('limit', relay.url, '1000')
    expect((await relays('--json')).json()).toMatchObject([{ limit: 1_000 }])
    const gauge = `headwater_relay_accounts_throttled{relay="${relay.url}"} 2`
    expect(String(await admin('/metrics')).split('\n')).toContain(gauge)
  })
})

describe('sign-ups', () => {
  it('createAccount is 429 with Retry-After once as many accounts were created in an hour as may be', async () => {
    const signUp = () => {
      const body = { handle: 'frank.test', email: 'frank@example.com', password: 'hunter2' }
      return call(network.server, 'server.createAccount', { body })
    }
    const refused = await signUp()
    expect(refused.status).toBe(429)
    expect(refused.body).toEqual({ error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' })
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(3_000)
    expect(seconds).toBeLessThanOrEqual(3_600)
    const resolved = await call(network.server, 'identity.resolveHandle', {
      query: { handle: 'frank.test' },
    })
    expect(resolved.status).toBe(400)
  })
})
