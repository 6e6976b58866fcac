import { expect, it } from 'vitest'
import { listBlobs, listMissingBlobs } from '#src/account/blobs/read.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const cids = ['a', 'b', 'c'].map((text) => cidForRaw(Buffer.from(text))).sort()

async function withReferences(): Promise<OpenAccount> {
  const account = await openTestAccount()
  const sql = 'INSERT INTO record_blob (blob_cid, path) VALUES (?, ?)'
  await account.sql.batch(
    cids.flatMap((cid) => ['a.b.c/1', 'a.b.c/2'].map((path) => ({ sql, params: [cid, path] }))),
  )
  return account
}

it('listBlobs lists each blob once, and its cursor is the last CID of the page', async () => {
  const account = await withReferences()
  const [one, two, three] = cids as [string, string, string]
  const list = (cursor?: string) =>
    listBlobs(account, { limit: 2, ...(cursor && { cursor }) }, 'anyone')
  expect(await list()).toEqual({ cids: [one, two], cursor: two })
  expect(await list(two)).toEqual({ cids: [three], cursor: three })
  expect(await list(three)).toEqual({ cids: [] })
})

it('listMissingBlobs lists each missing blob with a record, and its cursor is the last CID', async () => {
  const account = await withReferences()
  const [one, two, three] = cids as [string, string, string]
  const recordUri = `at://${testDid}/a.b.c/1`
  const list = (cursor?: string) =>
    listMissingBlobs(account, { limit: 2, ...(cursor && { cursor }) })
  const first = [one, two].map((cid) => ({ cid, recordUri }))
  expect(await list()).toEqual({ blobs: first, cursor: two })
  expect(await list(two)).toEqual({ blobs: [{ cid: three, recordUri }], cursor: three })
  expect(await list(three)).toEqual({ blobs: [] })
})
