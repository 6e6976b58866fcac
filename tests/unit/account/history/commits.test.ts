/** Lists of the commits of a history: found by collection, and cut to what a page shows. */
import { expect, it } from 'vitest'
import { listCommits } from '#src/account/history/commits.ts'
import { applyWrites, createRecord } from '#src/account/repo/write.ts'
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

it('of a collection each commit is found once, and none of one whose name ends the same', async () => {
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
