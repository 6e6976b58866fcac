import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { FileIndex } from '#src/backup/file-index.ts'
import { listingOf, listingSha256, readListing } from '#src/backup/listing.ts'

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}

it('a list of files is read as it was written', async () => {
  using files = new FileIndex()
  for (let i = 0; i < 1_200; i++) {
    files.put({ path: `blobs/did:plc:a/bafy${i}`, bytes: i, sha256: `${i}` })
  }
  files.put({ path: 'engine/db/1.sst', bytes: 1, sha256: 'x', tableId: 't' })
  const text = Buffer.concat([...listingOf(files)]).toString()
  using read = await readListing(bytesOf(text), listingSha256(files), 'b')
  expect([...read.below()]).toEqual([...files.below()])
  expect(read.totals().files).toBe(1_201)
})

it.each([
  '../secrets.json',
  '/etc/passwd',
  'blobs/../../x',
  'blobs//x',
  'engine/db/../x',
  'engine/db/a/b',
  'engine/other',
  'blobs',
  'restoring.json',
])('a list with the path %s is refused', async (path) => {
  const text = `${JSON.stringify({ path, bytes: 1, sha256: 'x' })}\n`
  const sha256 = createHash('sha256').update(text).digest('hex')
  await expect(readListing(bytesOf(text), sha256, 'b')).rejects.toThrow('of b is damaged')
})
