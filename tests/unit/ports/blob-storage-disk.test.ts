import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { diskBlobStorage } from '#src/ports/blob-storage-disk.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { blobStorageContract, readAll } from '#tests/support/blob-storage-contract.ts'

const dir = mkdtempSync(join(tmpdir(), 'headwater-blobs-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const did = 'did:plc:abc'
const bytes = Buffer.from('bytes')
async function* source() {
  yield bytes
}

describe('in a folder', () => {
  const storage = diskBlobStorage({ location: join(dir, 'one') })
  blobStorageContract(() => storage)

  it("blob folders are laid out as the reference's, readable by this user only", async () => {
    const cid = cidForRaw(bytes)
    const key = await storage.putTemp(did, source())
    const temp = join(dir, 'one/tempt', did, key)
    expect(statSync(temp).mode & 0o077).toBe(0)
    await storage.makePermanent(did, key, cid)
    expect(readdirSync(join(dir, 'one', did))).toEqual([cid])
    await storage.quarantine(did, cid)
    expect(readdirSync(join(dir, 'one/quarantine', did))).toEqual([cid])
  })

  it('old uploads are listed by age, and empty folders removed', async () => {
    const old = new Date(Date.now() - 3_600_000)
    const key = await storage.putTemp(did, source())
    const folder = join(dir, 'one/tempt', did)
    utimesSync(join(folder, key), old, old)
    const found = async () => {
      const keys: string[] = []
      for await (const upload of storage.listTemps(Date.now() - 60_000)) {
        if (upload.did === did) keys.push(upload.key)
      }
      return keys
    }
    expect(await found()).toEqual([key])
    await storage.deleteTemps(did, [key])
    utimesSync(folder, old, old)
    expect(await found()).toEqual([])
    expect(() => statSync(folder)).toThrow('ENOENT')
    await storage.putTemp(did, source())
  })

  it('moving a blob replaces an existing file', async () => {
    const cid = cidForRaw(bytes)
    for (let i = 0; i < 2; i++) {
      const key = await storage.putTemp(did, source())
      expect(await storage.makePermanent(did, key, cid)).toBe(true)
    }
    expect(await readAll(await storage.open(did, cid))).toEqual(bytes)
  })
})

describe.runIf(process.platform === 'linux')('with uploads on another disk', () => {
  const tempLocation = mkdtempSync('/dev/shm/headwater-blobs-')
  afterAll(() => rmSync(tempLocation, { recursive: true, force: true }))
  const storage = diskBlobStorage({ location: join(dir, 'two'), tempLocation })
  blobStorageContract(() => storage)
})

it('the storage check reports an unusable folder', async () => {
  await expect(diskBlobStorage({ location: '/dev/null/none' }).check()).rejects.toThrow()
})
