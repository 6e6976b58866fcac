import { expect, it } from 'vitest'
import { findBlob } from '#src/account/blobs/read.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const cid = cidForRaw(Buffer.from('some text'))

async function uploads() {
  const account = await openTestAccount()
  let uploaded = 0
  const upload = (mimeType: string) =>
    addUpload(account, { cid, mimeType, size: 9, key: `key${++uploaded}` })
  return { account, upload }
}

it('addUpload returns the MIME type of the newest upload while no record references the blob', async () => {
  const { upload } = await uploads()
  expect(await upload('text/plain')).toEqual({ mimeType: 'text/plain' })
  expect(await upload('text/html')).toEqual({ mimeType: 'text/html' })
})

it('addUpload keeps the MIME type of a blob that a record references', async () => {
  const { account, upload } = await uploads()
  await upload('text/plain')
  const blob = { $type: 'blob', ref: { $link: cid }, mimeType: 'text/plain', size: 9 }
  await createRecord(account, { collection: 'com.example.thing', rkey: 'a', record: { blob } })
  expect(await upload('text/html')).toEqual({ mimeType: 'text/plain' })
  expect(await findBlob(account, { cid }, 'anyone')).toMatchObject({ mimeType: 'text/plain' })
})
