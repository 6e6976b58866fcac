import { expect, it } from 'vitest'
import { getBlobTakedown, setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { restoreArchive } from '#src/gateway/archives/restore-archive.ts'
import {
  addAccount,
  addBlob,
  alice,
  archiveServer,
  testFolder,
} from '#tests/support/archive-server.ts'
import { post } from '#tests/support/records.ts'

const collection = 'app.bsky.feed.post'

it('a restore leaves out files that moderators have taken down since, and restores the rest', async () => {
  const server = archiveServer(testFolder())
  const account = await addAccount(server, alice)
  const picture = await addBlob(account, 'a picture')
  const cid = picture.ref.$link
  const record = { ...post('one'), picture }
  const { uri } = await createRecord(account, { collection, record, validate: false })
  await account.blobs.whenReconciled()
  await createArchive(server.ports, alice)
  await setBlobTakedown(account, { cid, ref: 'case 2' })
  await deleteRecord(account, { collection, rkey: uri.split('/').at(-1)! })
  const restored = await restoreArchive(server.ports, { did: alice })
  expect(restored).toMatchObject({ records: 1, blobs: 0, missingBlobs: 0 })
  expect(await getBlobTakedown(account, { cid })).toEqual({ takedownRef: 'case 2' })
})
