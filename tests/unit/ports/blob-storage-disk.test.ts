import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
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

/** Files and folders that are synced from now on; each call of the returned function begins anew. */
async function recordSyncs(): Promise<() => string[]> {
  const paths: string[] = []
  const file = await open(dir)
  const prototype = Object.getPrototypeOf(file) as FileHandle
  await file.close()
  for (const name of ['sync', 'datasync'] as const) {
    const original = prototype[name]
    vi.spyOn(prototype, name).mockImplementation(function (this: FileHandle) {
      paths.push(readlinkSync(`/proc/self/fd/${this.fd}`))
      return original.call(this)
    })
  }
  onTestFinished(() => void vi.restoreAllMocks())
  return () => paths.splice(0)
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

  it.skipIf(process.platform !== 'linux')(
    'an upload and a moved blob are durable with their names and all new folders',
    async () => {
      const synced = await recordSyncs()
      const there = join(dir, 'two')
      const fresh = diskBlobStorage({ location: there })
      const key = await fresh.putTemp(did, source())
      const temp = join(there, 'tempt', did)
      expect(new Set(synced())).toEqual(
        new Set([join(temp, key), temp, join(there, 'tempt'), there, dir]),
      )
      const cid = cidForRaw(bytes)
      await fresh.makePermanent(did, key, cid)
      expect(new Set(synced())).toEqual(new Set([join(there, did), there]))
    },
  )

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
