/** The write lane: groups, failing jobs, and failing transactions. */
import { expect, test } from 'vitest'
import { createRecord, putRecord } from '#src/account/repo/write.ts'
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
