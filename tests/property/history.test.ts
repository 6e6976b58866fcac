/** The history against what was exported while it was made. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { listCommits } from '#src/account/history/commits.ts'
import { restoreRepo } from '#src/account/history/restore.ts'
import { applyWrites, deleteRecord, putRecord, type Write } from '#src/account/repo/write.ts'
import { openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { exportedCar, exportedCarAt } from '#tests/support/repo-cars.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const collection = 'com.example.thing'
const by = { did: testDid }
const owner = { did: testDid, key: testKey.did() }
const rkey = fc.integer({ min: 0, max: 12 }).map((n) => `k${n}`)
const single = fc.record({
  verb: fc.constantFrom('put', 'put', 'delete'),
  rkey,
  n: fc.integer({ min: 0, max: 3 }),
})
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: single.map((one) => [one]) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(single, { maxLength: 8, selector: ({ rkey }) => rkey }),
    },
  ),
  { minLength: 1, maxLength: 50 },
)

async function run(
  account: Account,
  step: { verb: string; rkey: string; n: number }[],
): Promise<void> {
  const [one] = step
  const value = (n: number) => ({ $type: collection, n })
  if (step.length === 1 && one?.verb === 'put') {
    await putRecord(account, { collection, rkey: one.rkey, record: value(one.n) })
  } else if (step.length === 1 && one !== undefined) {
    await deleteRecord(account, { collection, rkey: one.rkey })
  } else {
    const has = new Set(await pathsOf(account))
    const writes = step.flatMap(({ verb, rkey, n }): Write[] => {
      const exists = has.has(`${collection}/${rkey}`)
      if (verb === 'put') {
        const $type = `com.atproto.repo.applyWrites#${exists ? 'update' : 'create'}` as const
        return [{ $type, collection, rkey, value: value(n) }] as Write[]
      }
      return exists ? [{ $type: 'com.atproto.repo.applyWrites#delete', collection, rkey }] : []
    })
    await applyWrites(account, { writes })
  }
}

async function pathsOf({ sql }: Account): Promise<string[]> {
  return (await sql.all<{ path: string }>('SELECT path FROM record')).map(({ path }) => path)
}

test('any writes: the repo at each rev is byte for byte what was exported at it', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (all, isDelivered) => {
      const account = await openTestAccount()
      const exported = new Map<string, Uint8Array>()
      const keep = async () => {
        exported.set((await account.lane.head()).rev, await exportedCar(account))
      }
      await keep()
      for (const step of all) {
        await run(account, step)
        if (isDelivered) await account.outbox.settled()
        await keep()
      }
      for (const [rev, car] of exported) {
        const again = await exportedCarAt(account, rev)
        expect(Buffer.compare(again, car)).toBe(0)
      }
      const [first, last] = [...exported.keys()].sort().filter((_, i, { length }) => {
        return i === 0 || i === length - 1
      })
      for (const rev of [first, last]) {
        if (rev !== undefined) await verifiedRepo(await exportedCarAt(account, rev), owner)
      }
      const listed = await listCommits(account, { by, limit: 100 })
      expect(listed.commits.map(({ rev }) => rev)).toEqual([...exported.keys()].sort().reverse())
    }),
    { numRuns: 25 },
  )
})

test('any writes: a restore makes the records what they were, and another one undoes it', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (all, chosen) => {
      const account = await openTestAccount()
      const states: { rev: string; car: Uint8Array }[] = []
      const keep = async () => {
        states.push({ rev: (await account.lane.head()).rev, car: await exportedCar(account) })
      }
      await keep()
      for (const step of all) {
        await run(account, step)
        await keep()
      }
      const wanted = states[chosen % states.length]!
      for (const { rev, car } of [wanted, states.at(-1)!]) {
        await restoreRepo(account, { by, at: rev })
        await account.background.settled()
        const { records } = await verifiedRepo(await exportedCar(account), owner)
        expect(records).toEqual((await verifiedRepo(car, owner)).records)
      }
    }),
    { numRuns: 25 },
  )
})
