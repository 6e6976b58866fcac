/** Lists of the commits of a history: found by app and collection, and cut to what a page shows. */
import { expect, it } from 'vitest'
import { listCommits } from '#src/account/history/commits.ts'
import { restoreRepo } from '#src/account/history/restore.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import type { Statement } from '#src/ports/sql.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const by = { did: testDid }
const collection = 'com.example.thing'

const writeMany = (account: OpenAccount, count: number) =>
  applyWrites(account, {
    writes: Array.from({ length: count }, (_, n) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      ...{ collection, rkey: `${n}`.padStart(512, 'k'), value: { $type: collection, n } },
    })),
  })

const write = (account: OpenAccount, name: string) =>
  createRecord(account, { collection: name, record: { $type: name } })

/** Those before leave the outbox. */
async function leaveOutbox(account: OpenAccount): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await write(account, 'com.example.other')
    await account.outbox.settled()
  }
}

it('lists can have the first operations of each commit only, with their number', async () => {
  const account = await openTestAccount()
  await writeMany(account, 100)
  const all = (await listCommits(account, { by, limit: 1 })).commits[0]!
  expect(all.ops).toHaveLength(100)
  expect(all).not.toHaveProperty('opCount')
  const cut = { ...all, ops: all.ops.slice(0, 3), opCount: 100 }
  for (const filter of [{}, { collection }]) {
    const { commits } = await listCommits(account, { by, limit: 1, maxOps: 3, ...filter })
    expect(commits).toEqual([cut])
  }
  await leaveOutbox(account)
  const { commits } = await listCommits(account, { by, limit: 100, maxOps: 3 })
  expect(commits).toContainEqual(cut)
  const found = await listCommits(account, { by, limit: 100, maxOps: 3, collection })
  expect(found.commits).toEqual([cut])
})

it('each commit of a collection is listed once, and none of another whose name ends the same', async () => {
  const account = await openTestAccount()
  const names = ['com.example.thing', 'net.com.example.thing', 'com.example.things']
  for (let n = 0; n < 12; n++) await write(account, names[n % 3]!)
  await leaveOutbox(account)
  for (let n = 0; n < 3; n++) await write(account, names[n % 3]!)
  const found: string[] = []
  let cursor: string | undefined
  do {
    const page = await listCommits(account, { by, limit: 2, collection, cursor })
    found.push(...page.commits.flatMap(({ ops }) => ops.map(({ path }) => path)))
    cursor = page.cursor
  } while (cursor !== undefined)
  expect(new Set(found).size).toBe(5)
  expect(found.map((path) => path.split('/')[0])).toEqual(Array(5).fill(collection))
})

const app = 'https://app.example.com/client.json'

it('what made a commit is stored with its event, without a statement more, and is not sent', async () => {
  const statements: Statement[] = []
  const account = await openTestAccount({ onBatch: (_, batch) => void statements.push(...batch) })
  const put = async (n: number, client?: string) => {
    statements.length = 0
    await putRecord(account, { collection, rkey: 'one', record: { $type: collection, n }, client })
    return statements.map(({ sql }) => sql)
  }
  await put(0)
  expect(await put(1, app)).toEqual(await put(2))
  await put(3, app.padEnd(2_000, '/'))
  await account.outbox.settled()
  expect(JSON.stringify(account.delivered)).not.toContain('app.example.com')
  const clients = async () => {
    const { commits } = await listCommits(account, { by, limit: 100, collection })
    return commits.map(({ client }) => client)
  }
  const expected = [app.padEnd(300, '/'), undefined, app, undefined]
  const ofApp = async (actor: string) =>
    (await listCommits(account, { by, limit: 100, actor })).commits.length
  expect(await clients()).toEqual(expected)
  expect([await ofApp(app), await ofApp(app.padEnd(2_000, '/'))]).toEqual([1, 1])
  await leaveOutbox(account)
  expect(await clients()).toEqual(expected)
  expect([await ofApp(app), await ofApp(app.padEnd(2_000, '/'))]).toEqual([1, 1])
})

it.each([app, app.padEnd(2_000, '/')])(
  'what an app did is undone, and what was changed in another way since stays',
  async (app) => {
    const account = await openTestAccount()
    const put = (rkey: string, n: number, client: string) =>
      putRecord(account, { collection, rkey, record: { $type: collection, n }, client })
    await put('kept', 1, 'session')
    await put('gone', 1, 'session')
    await leaveOutbox(account)
    const { rev: at } = await account.lane.head()
    await put('kept', 2, app)
    await put('new', 2, app)
    await put('mine', 2, app)
    await deleteRecord(account, { collection, rkey: 'gone', client: app })
    await put('mine', 3, 'page')
    await restoreRepo(account, { by: { ...by, client: 'page' }, at, actor: app })
    await account.background.settled()
    const rows = await account.sql.all<{ path: string; value: string }>(
      'SELECT path, hex(value) AS value FROM record WHERE path LIKE ? ORDER BY path',
      `${collection}/%`,
    )
    const found = rows.map(({ path, value }) => {
      return [path.split('/')[1], Buffer.from(value, 'hex').at(3)]
    })
    expect(found).toEqual([
      ['gone', 1],
      ['kept', 1],
      ['mine', 3],
    ])
    const { commits } = await listCommits(account, { by, limit: 1 })
    expect(commits).toMatchObject([{ client: 'page', action: 'history.restoreRepo' }])
  },
)
