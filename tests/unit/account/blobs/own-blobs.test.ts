import { expect, it } from 'vitest'
import { blobUsage, listOwnBlobs } from '#src/account/blobs/own-blobs.ts'
import { setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const collection = 'com.example.thing'
let time = Date.parse('2026-01-01T00:00:00Z')

async function setUp(quotaBytes?: number) {
  const storage = memoryBlobStorage()
  const account = await openTestAccount({
    blobs: { storage, ...(quotaBytes !== undefined && { quotaBytes }) },
    clock: { now: () => time },
  })
  async function upload(text: string, uses = 1): Promise<string> {
    time += 1_000
    const bytes = Buffer.from(text)
    const source = (async function* () {
      yield bytes
    })()
    const key = await storage.putTemp(account.did, source)
    const blob = { cid: cidForRaw(bytes), mimeType: 'text/plain', size: bytes.length, key }
    await addUpload(account, blob)
    const { cid, mimeType, size } = blob
    const ref = { $type: 'blob', ref: { $link: cid }, mimeType, size }
    for (let i = 0; i < uses; i++) {
      await createRecord(account, { collection, record: { $type: collection, i, ref } })
    }
    return cid
  }
  return { account, upload }
}

it('files are listed newest first, each once, with the records that use them', async () => {
  const { account, upload } = await setUp()
  const [one, two, three] = [await upload('one'), await upload('two', 5), await upload('three', 0)]
  const first = await listOwnBlobs(account, { limit: 2 })
  expect(first.blobs.map(({ cid, uses, paths }) => [cid, uses, paths.length])).toEqual([
    [three, 0, 0],
    [two, 5, 3],
  ])
  expect(first.blobs[1]!.paths[0]).toMatch(/^com\.example\.thing\//)
  const rest = await listOwnBlobs(account, { limit: 2, cursor: first.cursor! })
  expect(rest.blobs.map(({ cid }) => cid)).toEqual([one])
  expect(rest.cursor).toBeUndefined()
  expect((await listOwnBlobs(account, { limit: 9, cursor: 'nonsense' })).blobs).toHaveLength(3)
})

it('a file that a moderator hides is marked', async () => {
  const { account, upload } = await setUp()
  const cid = await upload('hidden')
  await setBlobTakedown(account, { cid, ref: 'report 1' } as never)
  const { blobs } = await listOwnBlobs(account, { limit: 2 })
  expect(blobs).toMatchObject([{ cid, isTakenDown: true }])
})

it('the storage used is what the quota counts', async () => {
  const { account, upload } = await setUp(8)
  expect(await blobUsage(account)).toEqual({ count: 0, bytes: 0, quotaBytes: 8 })
  await upload('12345')
  await upload('678', 0)
  expect(await blobUsage(account)).toEqual({ count: 2, bytes: 8, quotaBytes: 8 })
  await expect(upload('9')).rejects.toMatchObject({ error: 'BlobQuotaExceeded' })
  expect(await blobUsage((await setUp()).account)).toEqual({ count: 0, bytes: 0 })
})
