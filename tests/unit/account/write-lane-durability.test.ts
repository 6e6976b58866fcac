/** The write lane: what is committed, and not yet durable. */
import { parseCid } from '@atproto/lex-data'
import { readCarWithRoot } from '@atproto/repo'
import { expect, test } from 'vitest'
import { getRecordProof } from '#src/account/repo/proofs.ts'
import { createRecord, putRecord } from '#src/account/repo/write.ts'
import type { NodeSql } from '#tests/support/node-sql.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const thing = (n: number) => ({ collection, rkey: `k${n}`, record: { $type: collection, n } })

/** An account whose syncs end one by one, in the order in which they began. */
async function openWithSyncs(fails: { next: boolean } = { next: false }) {
  const syncs: (() => void)[] = []
  let isHeld = false
  const account = await openTestAccount({
    sync: () => (isHeld ? new Promise<void>((resolve) => syncs.push(resolve)) : Promise.resolve()),
    onBatch: (when) => {
      if (!fails.next || when === 'before') return
      fails.next = false
      throw new Error('the engine is away')
    },
  })
  await account.lane.head()
  isHeld = true
  return { account, syncs }
}

test('a write is neither acknowledged, nor the head, nor delivered before it is durable', async () => {
  const { account, syncs } = await openWithSyncs()
  const before = await account.lane.head()
  let answered = false
  const writing = createRecord(account, thing(1)).then(() => {
    answered = true
  })
  await expect.poll(() => syncs).toHaveLength(1)
  await new Promise(setImmediate)
  expect([answered, (await account.lane.head()).rev]).toEqual([false, before.rev])
  expect(account.delivered).toEqual([])
  syncs[0]!()
  await writing
  await account.outbox.settled()
  expect((await account.lane.head()).rev > before.rev).toBe(true)
  expect(account.delivered).toHaveLength(1)
})

test('later transactions do not wait for the sync, and are acknowledged after the earlier ones', async () => {
  const { account, syncs } = await openWithSyncs()
  const { batches } = account.sql as NodeSql
  const answered: number[] = []
  const write = (n: number) => createRecord(account, thing(n)).then(() => answered.push(n))
  const first = write(1)
  await expect.poll(() => syncs).toHaveLength(1)
  const second = write(2)
  await expect.poll(() => syncs).toHaveLength(2)
  expect((account.sql as NodeSql).batches - batches).toBe(2)
  syncs[1]!()
  await new Promise(setImmediate)
  expect(answered).toEqual([])
  syncs[0]!()
  await Promise.all([first, second])
  expect(answered).toEqual([1, 2])
})

test('a transaction that fails does not undo an earlier one that is not durable yet', async () => {
  const fails = { next: false }
  const { account, syncs } = await openWithSyncs(fails)
  const first = createRecord(account, thing(1))
  await expect.poll(() => syncs).toHaveLength(1)
  fails.next = true
  const second = createRecord(account, thing(2))
  const failed = expect(second).rejects.toThrow('the engine is away')
  await expect.poll(() => fails.next).toBe(false)
  const third = createRecord(account, thing(3))
  // The head that is read after the failure is synced, too.
  const endSyncs = setInterval(() => syncs.forEach((end) => void end()), 1)
  await failed
  const revs = await Promise.all([first, third].map(async (write) => (await write).commit!.rev))
  expect(revs[1]! > revs[0]!).toBe(true)
  expect((await account.lane.head()).rev).toBe(revs[1])
  clearInterval(endSyncs)
})

test('a head that a failed transaction may have stored is not used before it is durable', async () => {
  const fails = { next: false }
  const { account, syncs } = await openWithSyncs(fails)
  const before = await account.lane.head()
  fails.next = true
  await expect(createRecord(account, thing(1))).rejects.toThrow('the engine is away')
  let isRead = false
  const reading = account.lane.head().then((head) => {
    isRead = true
    return head
  })
  await expect.poll(() => syncs.length).toBeGreaterThan(0)
  await new Promise(setImmediate)
  expect(isRead).toBe(false)
  const endSyncs = setInterval(() => syncs.forEach((end) => void end()), 1)
  expect((await reading).rev > before.rev).toBe(true)
  clearInterval(endSyncs)
})

test('the lane is settled when its last write is durable', async () => {
  const { account, syncs } = await openWithSyncs()
  const writing = createRecord(account, thing(1))
  await expect.poll(() => syncs).toHaveLength(1)
  let settled = false
  const settling = account.lane.settled().then(() => {
    settled = true
  })
  await new Promise(setImmediate)
  expect(settled).toBe(false)
  syncs[0]!()
  await Promise.all([writing, settling])
})

test('sync.getRecord waits for a write that has replaced the record, and proves the new one', async () => {
  const { account, syncs } = await openWithSyncs()
  const input = { collection, rkey: 'k1' }
  const writing = createRecord(account, thing(1))
  await expect.poll(() => syncs).toHaveLength(1)
  syncs[0]!()
  await writing
  const replacing = putRecord(account, { ...input, record: { $type: collection, n: 2 } })
  await expect.poll(() => syncs).toHaveLength(2)
  const proving = getRecordProof(account, input, 'anyone')
  await new Promise(setImmediate)
  syncs[1]!()
  const { cid } = await replacing
  const { blocks } = await readCarWithRoot(await proving)
  expect(blocks.has(parseCid(cid))).toBe(true)
})
