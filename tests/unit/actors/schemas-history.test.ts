/** The history in account databases of earlier releases. */
import { describe, expect, it } from 'vitest'
import { listCommits } from '#src/account/history/commits.ts'
import { getDiff, getRecordVersions } from '#src/account/history/read.ts'
import { getRestore } from '#src/account/history/restore.ts'
import { putRecord } from '#src/account/repo/write.ts'
import { opened, versionsOf } from '#tests/support/old-databases.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { exportedCarAt } from '#tests/support/repo-cars.ts'
import { appId, collection } from '#tests/support/schema-fixtures.ts'

describe.each(versionsOf('account'))('an account of schema version %d', (version) => {
  const open = () => openTestAccount({ sql: opened('account', version) })

  it.skipIf(version < 6)('has its history, and what is left of a restore', async () => {
    const account = await open()
    const by = { did: testDid }
    const query = { by, collection, limit: 9 }
    const two = await getRecordVersions(account, { ...query, rkey: 'two' })
    expect(JSON.parse(two.json).versions).toMatchObject([
      { value: { n: 2 } },
      { value: { rkey: 'two' } },
    ])
    const { commits } = await listCommits(account, { by, limit: 100 })
    expect(commits.some(({ ops }) => ops[0]?.path === `${collection}/gone`)).toBe(true)
    expect(commits.some(({ ops }) => ops[0]?.path === `${collection}/kept`)).toBe(true)
    expect(await getRestore(account, { by })).toMatchObject({ restore: { total: 1, left: 1 } })
  })

  it.skipIf(version < 9)('says what made its commits', async () => {
    const account = await open()
    const query = { by: { did: testDid }, actor: appId, limit: 100 }
    const { commits } = await listCommits(account, query)
    expect(commits.map(({ ops }) => ops[0]?.path.split('/')[1])).toEqual(['last', 'kept'])
  })

  it.skipIf(version >= 6)('has a history from now on', async () => {
    const account = await open()
    const from = (await account.lane.head()).rev
    await putRecord(account, { collection, rkey: 'two', record: { $type: collection, n: 3 } })
    const { json } = await getDiff(account, { by: { did: testDid }, from, limit: 9 })
    expect(JSON.parse(json).changes).toMatchObject([{ before: { value: { n: 2 } } }])
    expect((await exportedCarAt(account, from)).length).toBeGreaterThan(0)
  })
})
