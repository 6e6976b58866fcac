/** Which copy of a blob is served while it is moved. */
import { expect, it } from 'vitest'
import { openBlob } from '#src/gateway/methods/open-blob.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'

const did = 'did:plc:alice'
const blob = { cid: 'bafkreiblob', tempKey: 'key1' }
const whole = Buffer.from('the whole blob')

it('a blob that storage has copied half is served from its temporary upload', async () => {
  const storage = memoryBlobStorage()
  storage.files.set(`temp/${did}/${blob.tempKey}`, whole)
  storage.files.set(`place/${did}/${blob.cid}`, whole.subarray(0, 5))
  expect((await openBlob(storage, did, blob))?.size).toBe(whole.length)
})

it('a blob whose temporary upload is gone is served from its permanent place', async () => {
  const storage = memoryBlobStorage()
  storage.files.set(`place/${did}/${blob.cid}`, whole)
  expect((await openBlob(storage, did, blob))?.size).toBe(whole.length)
})

it('a blob that is stored nowhere is undefined', async () => {
  expect(await openBlob(memoryBlobStorage(), did, blob)).toBeUndefined()
})
