/** The history against what was exported while it was made. */
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from '#src/account/account.ts'
import { findBlob, listBlobs } from '#src/account/blobs/read.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { listCommits } from '#src/account/history/commits.ts'
import { restoreRepo } from '#src/account/history/restore.ts'
import { applyWrites, deleteRecord, putRecord, type Write } from '#src/account/repo/write.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { once } from '#tests/support/memory-blobs.ts'
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

const images = Array.from({ length: 4 }, (_, n) => Buffer.from(`image ${n}`))

/** Records with a number above 0 have an image of that number. */
async function value(account: Account, n: number): Promise<object> {
  if (n === 0) return { $type: collection, n }
  const bytes = images[n]!
  const cid = cidForRaw(bytes)
  const key = await account.blobs.storage.putTemp(account.did, once(bytes))
  await addUpload(account, { cid, mimeType: 'image/png', size: bytes.length, key })
  const ref = { $link: cid }
  const image = { $type: 'blob', ref, mimeType: 'image/png', size: bytes.length }
  return { $type: collection, n, image }
}

async function run(
  account: Account,
  step: { verb: string; rkey: string; n: number }[],
): Promise<void> {
  const [one] = step
  if (step.length === 1 && one?.verb === 'put') {
    await putRecord(account, { collection, rkey: one.rkey, record: await value(account, one.n) })
  } else if (step.length === 1 && one !== undefined) {
    await deleteRecord(account, { collection, rkey: one.rkey })
  } else {
    const has = new Set(await pathsOf(account))
    const writes: Write[] = []
    for (const { verb, rkey, n } of step) {
      const exists = has.has(`${collection}/${rkey}`)
      if (verb === 'put') {
        const $type = `com.atproto.repo.applyWrites#${exists ? 'update' : 'create'}` as const
        writes.push({ $type, collection, rkey, value: await value(account, n) } as Write)
      } else if (exists) {
        writes.push({ $type: 'com.atproto.repo.applyWrites#delete', collection, rkey })
      }
    }
    await applyWrites(account, { writes })
  }
}

async function pathsOf({ sql }: Account): Promise<string[]> {
  return (await sql.all<{ path: string }>('SELECT path FROM record')).map(({ path }) => path)
}

async function expectServed(account: Account): Promise<void> {
  await account.blobs.whenReconciled()
  const { cids } = await listBlobs(account, { limit: 9 }, 'anyone')
  for (const cid of cids) {
    await findBlob(account, { cid }, 'anyone')
    const open = await account.blobs.storage.open(account.did, cid)
    expect(images).toContainEqual(await buffer(open!.bytes))
  }
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

test('any writes: a restore makes the records what they were, with their blobs, and another one undoes it', async () => {
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
        await expectServed(account)
      }
    }),
    { numRuns: 25 },
  )
})
