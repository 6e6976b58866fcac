/** An account as a ZIP file; its repo and the CIDs of its files are checked with code that is not ours. */
import { toString as cidText, create as createCid } from '@atcute/cid'
import { expect, it } from 'vitest'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { accountZip } from '#src/gateway/export/account-zip.ts'
import { RunningExports } from '#src/gateway/export/running-exports.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { remoteOf } from '#tests/support/account-pages.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { readZip } from '#tests/support/read-zip.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const collection = 'com.example.thing'

async function setUp() {
  const blobs = memoryBlobStorage()
  const account = await openTestAccount({ blobs: { storage: blobs } })
  const ports = { account: remoteOf(account) as never, did: testDid, blobs, now: Date.now() }
  return { account, blobs, open: () => accountZip(ports) }
}

async function upload(account: OpenAccount, bytes: Buffer, mimeType: string): Promise<string> {
  const source = (async function* () {
    yield bytes
  })()
  const key = await account.blobs.storage.putTemp(testDid, source)
  const cid = cidForRaw(bytes)
  await addUpload(account, { cid, mimeType, size: bytes.length, key })
  const file = { $type: 'blob', ref: { $link: cid }, mimeType, size: bytes.length }
  await createRecord(account, { collection, record: { $type: collection, file } })
  return cid
}

async function chunksOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return chunks
}

async function unpacked(source: AsyncIterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const entries = readZip(Buffer.concat(await chunksOf(source)))
  return new Map(entries.map(({ name, bytes }) => [name, bytes]))
}

it('the ZIP file has the signed repo and every file, and each has the CID that names it', async () => {
  const { account, open } = await setUp()
  const cids = [
    await upload(account, Buffer.from('not really a picture'), 'image/jpeg'),
    await upload(account, Buffer.alloc(300_000, 'video'), 'video/mp4'),
    await upload(account, Buffer.from('unknown'), 'application/x-thing'),
  ]
  await account.blobs.whenReconciled()
  const files = await unpacked(await open())
  const { records } = await verifiedRepo(files.get('repo.car')!, {
    ...{ did: testDid, key: testKey.did() },
  })
  expect(records.size).toBe(3)
  const names = cids.map((cid, i) => `blobs/${cid}${['.jpg', '.mp4', ''][i]}`)
  expect([...files.keys()].sort()).toEqual([...names, 'repo.car'].sort())
  for (const [i, name] of names.entries()) {
    expect(cidText(await createCid(0x55, new Uint8Array(files.get(name)!)))).toBe(cids[i])
  }
})

it('a file whose bytes are lost is named, and the others are there', async () => {
  const { account, blobs, open } = await setUp()
  const lost = await upload(account, Buffer.from('lost'), 'image/png')
  const kept = await upload(account, Buffer.from('kept'), 'image/png')
  await account.blobs.whenReconciled()
  blobs.files.delete(`place/${testDid}/${lost}`)
  const files = await unpacked(await open())
  expect(files.get('missing-blobs.txt')?.toString()).toBe(`${lost}\n`)
  expect([...files.keys()].sort()).toEqual(
    [`blobs/${kept}.png`, 'missing-blobs.txt', 'repo.car'].sort(),
  )
})

it('a ZIP file that is given up closes its export, also before the first byte', async () => {
  const { account, open } = await setUp()
  for (let i = 0; i < 500; i++) {
    const record = { $type: collection, text: 'x'.repeat(3_000), i }
    await createRecord(account, { collection, record })
  }
  const unread = (await open())[Symbol.asyncIterator]()
  expect(account.snapshots.hasOpen).toBe(true)
  await unread.return?.()
  await expect.poll(() => account.snapshots.hasOpen).toBe(false)
  const begun = (await open())[Symbol.asyncIterator]()
  await begun.next()
  await begun.next()
  expect(account.snapshots.hasOpen).toBe(true)
  await begun.return?.()
  await expect.poll(() => account.snapshots.hasOpen).toBe(false)
})

it('of an account one export runs at a time, until it ends, fails or is given up', async () => {
  const exports = new RunningExports()
  async function* bytes(fails = false) {
    yield Uint8Array.of(1)
    if (fails) throw new Error('lost')
  }
  const begin = (fails = false) => exports.begin('did:plc:a', async () => bytes(fails))
  const first = await begin()
  await expect(begin()).rejects.toMatchObject({ status: 429, error: 'ExportRunning' })
  await exports.begin('did:plc:b', async () => bytes())
  expect(await chunksOf(first)).toHaveLength(1)
  await expect(chunksOf(await begin(true))).rejects.toThrow('lost')
  await (await begin())[Symbol.asyncIterator]().return?.()
  const refused = async () => Promise.reject(new Error('refused'))
  await expect(exports.begin('did:plc:a', refused)).rejects.toThrow('refused')
  await begin()
})
