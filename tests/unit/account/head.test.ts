import { expect, it } from 'vitest'
import { loadHead } from '#src/account/head.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

it('a repo whose stored records are not those of its signed commit is not loaded', async () => {
  const account = await openTestAccount()
  const collection = 'com.example.thing'
  for (const rkey of ['a', 'b']) {
    await createRecord(account, { collection, rkey, record: { $type: collection } })
  }
  const { cid } = await account.lane.head()
  expect(await loadHead(account.sql)).toMatchObject({ cid })
  await account.sql.batch([
    { sql: 'DELETE FROM record WHERE path = ?', params: [`${collection}/a`] },
  ])
  await expect(loadHead(account.sql)).rejects.toThrow('do not match the signed tree')
})
