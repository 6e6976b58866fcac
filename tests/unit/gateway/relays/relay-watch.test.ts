import { expect, it } from 'vitest'
import {
  listAccountsToAsk,
  listRelayAccounts,
  recordRelayAccounts,
} from '#src/directory/relay-accounts.ts'
import { listRelays, recordRelay } from '#src/directory/relays.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import type { RelayClient } from '#src/gateway/relays/relay-client.ts'
import { type RelayWatchPorts, watchRelays } from '#src/gateway/relays/relay-watch.ts'
import { confirmation, newKey, testDirectory } from '#tests/support/test-directory.ts'

const relay = 'https://relay.example.com'
const other = 'https://other.example.com'
const intervalMs = 300_000
const refused = { error: 'it answers 500', isReachable: true }

/** A gateway that watches, on a real directory with accounts of these names; time passes with `pass` only. */
async function open(given: {
  names?: string[]
  relays?: string[]
  client?: Partial<RelayClient>
  claimTurn?: () => Promise<boolean>
}) {
  const directory = testDirectory()
  const { clock } = directory
  for (const name of given.names ?? []) {
    const did = `did:plc:${name}`
    await reserveAccount(directory, { did, handle: `${name}.test`, email: null, ...newKey })
    await confirmAccount(directory, { did, ...confirmation })
  }
  const questions: [at: number, relay: string, did?: string][] = []
  const warnings: unknown[] = []
  const throttled: unknown[] = []
  const timers = new Set<{ at: number; run(): void }>()
  const start = clock.now()
  const { client = {} } = given
  const ports: RelayWatchPorts = {
    relays: given.relays ?? [relay],
    dispatch: {
      directory: {
        relays: {
          list: (input) => listRelays(directory, input),
          record: (input) => recordRelay(directory, input),
          recordAccounts: (input) => recordRelayAccounts(directory, input),
          listAccountsToAsk: (input) => listAccountsToAsk(directory, input),
        },
      },
      sequencer: { log: { bounds: async () => ({ first: 0, head: 9_000_000 }) as never } },
    },
    client: {
      async hostStatus(url) {
        questions.push([clock.now() - start, url])
        return (await client.hostStatus?.(url)) ?? { status: 'active', accounts: 2, seq: 4_000_000 }
      },
      async repoStatus(url, did) {
        questions.push([clock.now() - start, url, did])
        return (await client.repoStatus?.(url, did)) ?? { status: 'active' }
      },
    },
    onThrottled: async (what) => void throttled.push(what),
    claimTurn: given.claimTurn ?? (async () => true),
    clock,
    timer: (ms, run) => {
      const entry = { at: clock.now() + ms, run }
      timers.add(entry)
      return () => timers.delete(entry)
    },
    log: { info: () => {}, warn: (what: unknown) => void warnings.push(what) },
    intervalMs,
  }
  const stop = watchRelays(ports)
  /** Runs every timer that is due meanwhile, in order. */
  const pass = async (ms: number) => {
    const end = clock.now() + ms
    for (;;) {
      await settled()
      const [next] = [...timers].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      timers.delete(next)
      clock.time = Math.max(clock.time, next.at)
      next.run()
    }
    clock.time = end
  }
  const known = async () => await listRelays(directory, { urls: ports.relays })
  return { directory, questions, warnings, throttled, pass, known, stop, timers }
}

async function settled() {
  for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve))
}

it('relays are asked for this server, and then for each account, one a second', async () => {
  const { questions, pass, known } = await open({ names: ['amy', 'ben', 'cat'] })
  await pass(70_000)
  expect(questions).toEqual([
    [60_000, relay],
    [60_000, relay, 'did:plc:amy'],
    [61_000, relay, 'did:plc:ben'],
    [62_000, relay, 'did:plc:cat'],
  ])
  expect(await known()).toMatchObject([
    { url: relay, status: 'active', accounts: 2, lagMs: 5_000, asked: { active: 3 } },
  ])
  await pass(intervalMs)
  expect(questions).toHaveLength(5)
})

it('relays are asked at the same time, each for itself', async () => {
  const { questions, pass } = await open({ names: ['amy', 'ben'], relays: [relay, other] })
  await pass(60_500)
  expect(questions.map(([, url, did]) => [url, did])).toEqual(
    expect.arrayContaining([
      [relay, 'did:plc:amy'],
      [other, 'did:plc:amy'],
    ]),
  )
})

it('a throttled or absent account is stored as that', async () => {
  const statuses: Record<string, string> = { amy: 'active', ben: 'throttled', cat: 'absent' }
  const repoStatus = async (_: string, did: string) => ({ status: statuses[did.slice(8)]! })
  const { directory, pass } = await open({ names: Object.keys(statuses), client: { repoStatus } })
  await pass(70_000)
  const { accounts } = await listRelayAccounts(directory, { url: relay, limit: 9 })
  expect(accounts.map(({ handle, status }) => [handle, status])).toEqual([
    ['ben.test', 'throttled'],
    ['cat.test', 'absent'],
  ])
})

it('a gateway whose turn it is not asks nothing, also if the limiter cannot be reached', async () => {
  for (const claimTurn of [async () => false, () => Promise.reject(new Error('gone'))]) {
    const { questions, pass } = await open({ names: ['amy'], claimTurn })
    await pass(3 * intervalMs)
    expect(questions).toEqual([])
  }
})

it('without relays nothing is asked and no timer runs', async () => {
  const { timers } = await open({ relays: [] })
  expect(timers.size).toBe(0)
})

it('a relay that fails is asked less and less often, and not for accounts', async () => {
  let isUp = false
  const hostStatus = async () => {
    return isUp ? { status: 'active', accounts: 1, seq: undefined } : refused
  }
  const { questions, pass, known } = await open({ names: ['amy'], client: { hostStatus } })
  await pass(60_000)
  expect(await known()).toMatchObject([{ failures: 1, error: 'it answers 500', lagMs: null }])
  await pass(12 * intervalMs - 60_000)
  const minutes = questions.map(([at]) => at / 60_000)
  expect(minutes).toEqual([1, 11, 31])
  isUp = true
  await pass(12 * intervalMs)
  expect(await known()).toMatchObject([{ failures: 0, error: null, asked: { active: 1 } }])
})

it('a relay that does not know this server is asked again at the next interval', async () => {
  const hostStatus = async () => ({ ...refused, name: 'HostNotFound' })
  const { questions, pass, known } = await open({ names: ['amy'], client: { hostStatus } })
  await pass(3 * intervalMs)
  expect(questions.map(([at]) => at)).toEqual([60_000, 360_000, 660_000])
  expect(await known()).toMatchObject([{ failures: 0, status: null, error: 'it answers 500' }])
})

it('a relay that says when to ask again is not asked before', async () => {
  const repoStatus = async () => ({ ...refused, retryAfterMs: 900_000 })
  const names = ['amy', 'ben', 'cat']
  const { questions, pass, known } = await open({ names, client: { repoStatus } })
  await pass(900_000)
  expect(questions).toHaveLength(2)
  expect(await known()).toMatchObject([{ error: 'it answers 500', asked: {} }])
  await pass(900_000)
  expect(questions.length).toBeGreaterThan(2)
})

it('after three failures in a row a relay is asked for no more accounts, and later for the same ones', async () => {
  let isUp = false
  const repoStatus = async () => (isUp ? { status: 'active' } : refused)
  const names = ['amy', 'ben', 'cat', 'dan', 'eve']
  const { questions, pass, known } = await open({ names, client: { repoStatus } })
  await pass(70_000)
  expect(questions).toHaveLength(4)
  isUp = true
  await pass(2 * 3_600_000)
  expect(await known()).toMatchObject([{ asked: { active: 5 } }])
})

it('a round ends before the next one of another gateway may begin', async () => {
  const names = Array.from({ length: 260 }, (_, i) => `a${String(i).padStart(3, '0')}`)
  const { questions, pass } = await open({ names })
  await pass(60_000 + intervalMs - 1)
  expect(questions.at(-1)![0]).toBeLessThanOrEqual(60_000 + 0.8 * intervalMs)
  expect(questions).toHaveLength(241)
})

it('a gateway that stops asks no more', async () => {
  const { questions, pass, stop } = await open({ names: ['amy', 'ben', 'cat'] })
  await pass(60_500)
  stop()
  await pass(intervalMs)
  expect(questions.length).toBeLessThanOrEqual(3)
})

it('the log warns once when a relay nearly has its limit, and once when it throttles the first account, which is sent to webhooks', async () => {
  let accounts = 79
  let status = 'active'
  const hostStatus = async () => ({ status: 'active', accounts, seq: undefined })
  const repoStatus = async () => ({ status })
  const client = { hostStatus, repoStatus }
  const { warnings, throttled, pass } = await open({ names: ['amy'], client })
  await pass(2 * intervalMs)
  expect(warnings).toEqual([])
  accounts = 80
  await pass(2 * intervalMs)
  const near = { relay, warning: '80 accounts; the relay may take no more than 100' }
  expect(warnings).toEqual([near])
  expect(throttled).toEqual([])
  status = 'throttled'
  await pass(26 * 3_600_000)
  const warning = '1 account is throttled there, and what it writes is not passed on'
  expect(warnings).toEqual([near, { relay, warning }])
  expect(throttled).toEqual([{ relay, throttled: 1 }])
})
