/** The bound for the accounts that are awake in a process, on a real engine. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningActors, startTestActors } from '#tests/support/actors.ts'

const collection = 'com.example.thing'

let actors: RunningActors
beforeAll(async () => {
  actors = await startTestActors({ sleepTimeoutMs: 600_000, maxAwakeAccounts: 3 })
})
afterAll(() => actors.stop())

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
