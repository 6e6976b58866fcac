/** The write lane by itself: what a group holds, what a job is prepared on, and what its caller can rely on. */
import { expect, test } from 'vitest'
import { closeOutboxes } from '#src/account/reminder.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { accountSchema } from '#src/account/schema.ts'
import type { Job, Prepared } from '#src/account/write-lane.ts'
import type { Statement } from '#src/ports/sql.ts'
import { nodeSql } from '#tests/support/node-sql.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

/** A job that stores one event of this many bytes and leaves the repo as it is. */
function event(bytes = 1, more: Partial<Prepared<number>> = {}): Job<number> {
  return ({ head }) => ({
    answer: bytes,
    head,
    statements: [],
    events: [{ kind: '#identity', event: new Uint8Array(bytes), seqAt: 0 }],
    ...more,
  })
}

/** How many events each transaction stores, while the first one is held until `release`. */
async function openHeld() {
  const gate = Promise.withResolvers<void>()
  const groups: number[] = []
  let isHeld = false
  const eventsIn = (statements: readonly Statement[]) =>
    statements
      .filter(({ sql }) => sql.startsWith('INSERT INTO outbox'))
      .reduce((sum, { params }) => sum + params!.length / 12, 0)
  const account = await openTestAccount({
    onBatch: async (when, statements) => {
      if (!isHeld || when === 'after') return
      groups.push(eventsIn(statements))
      if (groups.length === 1) await gate.promise
    },
  })
  isHeld = true
  return { account, groups, release: gate.resolve }
}

/** Lets everything run that waits for nothing else. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function viewOf({ lane }: OpenAccount) {
  return { head: await lane.head(), recentBacklinks: () => [] }
}

async function outboxIds({ sql }: OpenAccount): Promise<number[]> {
  const rows = await sql.all<{ id: number }>('SELECT id FROM outbox ORDER BY id')
  return rows.map(({ id }) => id)
}

test('a transaction of the write lane holds at most 64 writes', async () => {
  const { account, groups, release } = await openHeld()
  const first = account.lane.write(event())
  await turn()
  const others = Array.from({ length: 130 }, () => account.lane.write(event()))
  await turn()
  release()
  await Promise.all([first, ...others])
  expect(groups).toEqual([1, 64, 64, 2])
})

test.each([
  ['2', 500_000, [1, 2, 2]],
  ['3', 499_999, [1, 3, 1]],
])('a transaction of the write lane holds %s writes of %i bytes', async (_, bytes, expected) => {
  const { account, groups, release } = await openHeld()
  const first = account.lane.write(event())
  await turn()
  const others = Array.from({ length: 4 }, () => account.lane.write(event(bytes)))
  await turn()
  release()
  await Promise.all([first, ...others])
  expect(groups).toEqual(expected)
})

test('the answers of writes with a key count for how many a transaction holds', async () => {
  const { account, groups, release } = await openHeld()
  const first = account.lane.write(event())
  await turn()
  const answering: Job<string> = async (view) => ({
    ...(await event()(view)),
    answer: 'x'.repeat(1_000_000),
  })
  const others = ['a', 'b', 'c', 'd'].map((key) => account.lane.write(answering, { key }))
  await turn()
  release()
  await Promise.all([first, ...others])
  expect(groups).toEqual([1, 2, 2])
})

test('the answer of a write with a key is stored with the first of its events', async () => {
  const account = await openTestAccount()
  const [one] = (await event()(await viewOf(account))).events
  await account.lane.write(event(7, { events: [one!, one!, one!] }), { key: 'k1' })
  await account.lane.write(event(8))
  expect(await account.sql.all('SELECT key, answer FROM outbox ORDER BY id')).toEqual([
    { key: 'k1', answer: '7' },
    { key: '', answer: null },
    { key: '', answer: null },
    { key: '', answer: null },
  ])
})

test('events get the time in microseconds as their id, and consecutive ones in the same moment', async () => {
  let time = now
  const account = await openTestAccount({ clock: { now: () => time } })
  await account.lane.write(event())
  await account.lane.write(event())
  time += 1
  await account.lane.write(event())
  time -= 60_000
  await account.lane.write(event())
  const start = now * 1000
  expect(await outboxIds(account)).toEqual([start, start + 1, start + 1000, start + 1001])
})

test('a job that reads the database is prepared when all earlier writes are stored', async () => {
  const account = await openTestAccount()
  const stored: number[] = []
  const count = async () => (await outboxIds(account)).length
  const reading: Job<void> = async ({ head }) => {
    stored.push(await count())
    return { answer: undefined, head, statements: [], events: [] }
  }
  await Promise.all([
    account.lane.write(event()),
    account.lane.write(event()),
    account.lane.write(reading, { readsDatabase: true }),
    account.lane.write(event()),
    account.lane.write(reading, { readsDatabase: true }),
  ])
  expect(stored).toEqual([2, 3])
})

test('jobs see the backlinks of writes that are not stored yet, the oldest first', async () => {
  const { account, release } = await openHeld()
  const links = (path: string) =>
    event(1, {
      backlinks: [
        ['key', path],
        ['key', `${path}+`],
      ],
    })
  const seen: (readonly string[])[] = []
  const look: Job<void> = ({ head, recentBacklinks }) => {
    seen.push(recentBacklinks('key'), recentBacklinks('other'))
    return { answer: undefined, head, statements: [], events: [] }
  }
  const first = account.lane.write(links('a'))
  await turn()
  const others = [account.lane.write(links('b')), account.lane.write(look)]
  await turn()
  release()
  await Promise.all([first, ...others])
  await account.lane.write(look)
  expect(seen).toEqual([['a', 'a+', 'b', 'b+'], [], [], []])
})

test('a write that stores nothing is no transaction, and asks for no reminder', async () => {
  let batches = 0
  const account = await openTestAccount({ onBatch: () => void batches++ })
  const before = batches
  await account.lane.write(({ head }) => ({ answer: 1, head, statements: [], events: [] }))
  expect(batches).toBe(before)
  expect(closeOutboxes(account)).toBe(false)
})

test('a write that stores nothing waits for no sync', async () => {
  let syncs = 0
  const account = await openTestAccount({ sync: async () => void syncs++ })
  await account.lane.head()
  const before = syncs
  await account.lane.write(({ head }) => ({ answer: 1, head, statements: [], events: [] }))
  expect(syncs).toBe(before)
})

test('a write of one event asks for a reminder', async () => {
  const account = await openTestAccount()
  await account.lane.write(event())
  await account.outbox.settled()
  await account.privateOutbox.settled()
  expect(closeOutboxes(account)).toBe(true)
})

test('a write of statements without events asks for no reminder', async () => {
  const account = await openTestAccount()
  const statements = [{ sql: "UPDATE account SET email = 'new@example.com'", params: [] }]
  await account.lane.write(({ head }) => ({ answer: 1, head, statements, events: [] }))
  expect(await account.sql.first('SELECT email FROM account')).toEqual({ email: 'new@example.com' })
  expect(closeOutboxes(account)).toBe(false)
})

test('onDurable is called once the write is stored, and before its answer', async () => {
  const account = await openTestAccount()
  const order: string[] = []
  await account.lane.write(event(1, { onDurable: () => order.push('durable') }))
  order.push('answered')
  expect(order).toEqual(['durable', 'answered'])
})

test('cached answers are dropped when a write is stored', async () => {
  const account = await openTestAccount()
  let reads = 0
  const read = () => account.answers.get('key', async () => `${++reads}`)
  await read()
  await read()
  expect(reads).toBe(1)
  await account.lane.write(event())
  await read()
  expect(reads).toBe(2)
})

test('the head is read once, and is the cached head from then on', async () => {
  const account = await openTestAccount()
  expect(account.lane.cachedHead).toBeNull()
  const [a, b] = await Promise.all([account.lane.head(), account.lane.head()])
  expect(a).toBe(b)
  expect(account.lane.cachedHead).toBe(a)
})

test('revAtWake is the rev from before the first write of this activation', async () => {
  const account = await openTestAccount()
  const { rev } = await account.lane.head()
  const record = { $type: 'com.example.thing' }
  await createRecord(account, { collection: 'com.example.thing', record })
  expect((await account.lane.head()).rev).not.toBe(rev)
  expect(await account.lane.revAtWake()).toBe(rev)
})

test('an account without a repo has no head, and takes no writes', async () => {
  const account = await openTestAccount({ sql: nodeSql({ schema: accountSchema }) })
  const refused = expect.objectContaining({ status: 400, error: 'RepoNotFound' })
  await expect(account.lane.head()).rejects.toEqual(refused)
  await expect(account.lane.write(event())).rejects.toEqual(refused)
  await expect(account.lane.head()).rejects.toEqual(refused)
})
