/** The write lane: groups, failing jobs, and failing transactions. */
import { expect, test } from 'vitest'
import { createRecord, putRecord } from '#src/account/repo/write.ts'
import type { Job } from '#src/account/write-lane.ts'
import type { NodeSql } from '#tests/support/node-sql.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
const thing = (n: number) => ({ collection, rkey: `k${n}`, record: { $type: collection, n } })

async function paths(account: OpenAccount): Promise<string[]> {
  const rows = await account.sql.all<{ path: string }>('SELECT path FROM record ORDER BY path')
  return rows.map(({ path }) => path.slice(collection.length + 1))
}

test('concurrent writes share transactions, and each is a commit of its own', async () => {
  const account = await openTestAccount()
  const sql = account.sql as NodeSql
  const before = sql.batches
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, n) => createRecord(account, thing(n))),
  )
  expect(sql.batches - before).toBeLessThanOrEqual(2)
  expect(new Set(made.map(({ commit }) => commit?.rev)).size).toBe(20)
  await account.outbox.settled()
  expect(account.delivered.length).toBe(20)
})

test('a job that fails does not affect the jobs before and after it', async () => {
  const account = await openTestAccount()
  await createRecord(account, thing(1))
  const outcomes = await Promise.allSettled([2, 1, 3].map((n) => createRecord(account, thing(n))))
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await paths(account)).toEqual(['k1', 'k2', 'k3'])
})

test('a write is neither acknowledged nor readable before its transaction', async () => {
  const gate = Promise.withResolvers<void>()
  let held = false
  const account = await openTestAccount({
    onBatch: (when) => (held && when === 'before' ? gate.promise : undefined),
  })
  held = true
  let answered = false
  const writing = createRecord(account, thing(1)).then(() => {
    answered = true
  })
  const before = await account.lane.head()
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  expect(answered).toBe(false)
  expect((await account.lane.head()).rev).toBe(before.rev)
  expect(account.delivered).toEqual([])
  gate.resolve()
  await writing
  expect((await account.lane.head()).rev > before.rev).toBe(true)
})

test.each(['before', 'after'] as const)(
  'a transaction that fails %s the commit rejects its writes, and later writes build on what is stored',
  async (at) => {
    let failing = false
    const account = await openTestAccount({
      onBatch: (when) => {
        if (failing && when === at) {
          failing = false
          throw new Error('the engine is away')
        }
      },
    })
    failing = true
    await expect(createRecord(account, thing(1))).rejects.toThrow('the engine is away')
    await putRecord(account, thing(2))
    await account.outbox.settled()
    expect(await paths(account)).toEqual(at === 'before' ? ['k2'] : ['k1', 'k2'])
    // What was stored is delivered, whether its caller knew or not.
    expect(account.delivered.length).toBe(at === 'before' ? 1 : 2)
  },
)

test('a job that is being prepared while a transaction fails is prepared again on the stored head', async () => {
  const started = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  let isHeld = false
  const account = await openTestAccount({
    onBatch: (when) => {
      if (!isHeld || when === 'after') return
      started.resolve()
      return commit.promise
    },
  })
  const { rev } = await account.lane.head()
  isHeld = true
  const first = createRecord(account, thing(1))
  await started.promise
  const revs: string[] = []
  const gate = Promise.withResolvers<void>()
  const job: Job<string> = async ({ head }) => {
    revs.push(head.rev)
    await gate.promise
    return { answer: head.rev, head, statements: [], events: [] }
  }
  const second = account.lane.write(job)
  await expect.poll(() => revs).toHaveLength(1)
  commit.reject(new Error('the engine is away'))
  await expect(first).rejects.toThrow('the engine is away')
  gate.resolve()
  expect(await second).toBe(rev)
  expect(revs).toHaveLength(2)
  expect(revs[0]! > rev).toBe(true)
})

test('cached answers are dropped when a transaction fails that was committed', async () => {
  let isFailing = false
  const account = await openTestAccount({
    onBatch: (when) => {
      if (isFailing && when === 'after') throw new Error('the engine is away')
    },
  })
  const read = async () => {
    const { json } = await account.answers.get('paths', async () => (await paths(account)).join())
    return json
  }
  expect(await read()).toBe('')
  isFailing = true
  await expect(createRecord(account, thing(1))).rejects.toThrow('the engine is away')
  expect(await read()).toBe('k1')
})
