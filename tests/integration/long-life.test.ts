/** What keeps a server going for years: compaction of the engine's databases, and a bound for the accounts awake. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningActors, startTestActors } from '#tests/support/actors.ts'

const limitBytes = 16_000_000
const collection = 'com.example.thing'

let actors: RunningActors
beforeAll(async () => {
  actors = await startTestActors({
    sleepTimeoutMs: 600_000,
    maxAwakeAccounts: 3,
    backfillMs: 1_000,
    replaced: {
      RIVET__SQLITE__MAX_STORAGE_BYTES: String(limitBytes),
      RIVET__SQLITE__MANAGER_RECLAIM_INTERVAL_MS: '500',
    },
  })
})
afterAll(() => actors.stop())

test('an account can be rewritten for longer than its database could keep the history', async () => {
  const did = await actors.createAccount('rewriter')
  const { repo } = actors.local.account(did)
  const text = 'x'.repeat(8_000)
  for (let n = 0; n < 1_000; n++) {
    const record = { $type: collection, text, n }
    // Each commit is some ten pages of 4 KiB, so without compaction the limit is met after 400.
    await repo.putRecord({ collection, rkey: `record-${n % 10}`, record })
  }
  const { json } = await repo.listRecords({ collection, limit: 100 })
  expect(JSON.parse(json).records).toHaveLength(10)
})

test('no more accounts stay awake than the bound, the one used most lately does, and none loses a write', async () => {
  const names = Array.from({ length: 7 }, (_, n) => `resident-${n}`)
  const dids: string[] = []
  for (const name of names) dids.push(await actors.createAccount(name))
  const write = (did: string, n: number) =>
    actors.local.account(did).repo.createRecord({ collection, record: { $type: collection, n } })
  for (let round = 0; round < 3; round++) {
    await Promise.all(dids.map((did) => write(did, round)))
    await expect.poll(() => actors.live.list('account').length).toBeLessThanOrEqual(3)
  }
  const last = dids[3]!
  await write(last, 3)
  await write(dids[0]!, 3)
  await write(last, 4)
  await expect.poll(() => actors.live.list('account').length).toBeLessThanOrEqual(3)
  expect(actors.live.find('account', last)).toBeDefined()
  const counts = await Promise.all(
    dids.map(async (did) => {
      const { json } = await actors.remote.account(did).repo.listRecords({ collection, limit: 100 })
      return JSON.parse(json).records.length
    }),
  )
  expect(counts).toEqual([4, 3, 3, 5, 3, 3, 3])
})
