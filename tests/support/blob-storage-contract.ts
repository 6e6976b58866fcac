/** Tests that every implementation of BlobStorage must pass. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'
import { cidForRaw } from '#src/protocol/cid.ts'

const small = Buffer.from('some bytes')
let accounts = 0

async function* inChunks(bytes: Uint8Array, size = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function readAll(blob: OpenBlob | undefined): Promise<Buffer | undefined> {
  if (blob === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of blob.bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function blobStorageContract(storage: () => BlobStorage): void {
  const newDid = () => `did:web:localhost%3A25${++accounts}`
  async function placed(did: string, bytes: Uint8Array) {
    const cid = cidForRaw(bytes)
    await storage().makePermanent(did, await storage().putTemp(did, inChunks(bytes)), cid)
    return cid
  }
  async function waitingOf(did: string, before = Number.MAX_SAFE_INTEGER) {
    const keys: string[] = []
    for await (const upload of storage().listTemps(before)) {
      if (upload.did === did) keys.push(upload.key)
    }
    return keys
  }

  it.each([0, 1, 5_000_000, 12_345_678])(
    'blob storage returns the %i bytes that it stored',
    async (size) => {
      const did = newDid()
      const bytes = randomBytes(size)
      const key = await storage().putTemp(did, inChunks(bytes))
      const waiting = await storage().openTemp(did, key)
      expect(waiting?.size).toBe(size)
      await waiting?.close()
      const cid = cidForRaw(bytes)
      expect(await storage().open(did, cid)).toBeUndefined()
      expect(await storage().makePermanent(did, key, cid)).toBe(true)
      expect(await storage().openTemp(did, key)).toBeUndefined()
      expect((await readAll(await storage().open(did, cid)))?.equals(bytes)).toBe(true)
    },
  )

  it('blob storage separates the blobs of accounts', async () => {
    const [one, two] = [newDid(), newDid()]
    const cid = await placed(one, small)
    expect(await storage().open(two, cid)).toBeUndefined()
    await storage().delete(two, [cid])
    expect(await readAll(await storage().open(one, cid))).toEqual(small)
  })

  it('blob storage keeps nothing of an upload that breaks off, and rethrows its error', async () => {
    const did = newDid()
    const broken = new Error('broken off')
    async function* breaking() {
      yield randomBytes(6_000_000)
      throw broken
    }
    await expect(storage().putTemp(did, breaking())).rejects.toBe(broken)
    expect(await waitingOf(did)).toEqual([])
  })

  it('an open blob can be closed before its end', async () => {
    const did = newDid()
    const cid = await placed(did, randomBytes(3_000_000))
    const blob = await storage().open(did, cid)
    const steps = blob!.bytes[Symbol.asyncIterator]()
    await steps.next()
    await steps.return?.()
    await blob!.close()
  })

  describe('repeated calls', () => {
    it('makePermanent can be repeated', async () => {
      const did = newDid()
      const cid = cidForRaw(small)
      const key = await storage().putTemp(did, inChunks(small))
      expect(await storage().makePermanent(did, key, cid)).toBe(true)
      expect(await storage().makePermanent(did, key, cid)).toBe(true)
      expect(await storage().makePermanent(did, key, cidForRaw(Buffer.of(1)))).toBe(false)
    })

    it('quarantine and unquarantine can be repeated', async () => {
      const did = newDid()
      const cid = await placed(did, small)
      expect(await storage().quarantine(did, cid)).toBe(true)
      expect(await storage().quarantine(did, cid)).toBe(true)
      expect(await storage().open(did, cid)).toBeUndefined()
      expect(await storage().unquarantine(did, cid)).toBe(true)
      expect(await storage().unquarantine(did, cid)).toBe(true)
      expect(await readAll(await storage().open(did, cid))).toEqual(small)
      expect(await storage().quarantine(did, cidForRaw(Buffer.of(1)))).toBe(false)
    })

    it('delete can be repeated, and deletes quarantined blobs too', async () => {
      const did = newDid()
      const [one, two] = [await placed(did, small), await placed(did, Buffer.of(2))]
      await storage().quarantine(did, two)
      for (let i = 0; i < 2; i++) await storage().delete(did, [one, two])
      expect(await storage().open(did, one)).toBeUndefined()
      expect(await storage().unquarantine(did, two)).toBe(false)
    })

    it('deleteTemps and deleteAll can be repeated', async () => {
      const did = newDid()
      const key = await storage().putTemp(did, inChunks(small))
      for (let i = 0; i < 2; i++) await storage().deleteTemps(did, [key])
      expect(await waitingOf(did)).toEqual([])
      const cid = await placed(did, small)
      await storage().putTemp(did, inChunks(small))
      for (let i = 0; i < 2; i++) await storage().deleteAll(did)
      expect(await storage().open(did, cid)).toBeUndefined()
      expect(await waitingOf(did)).toEqual([])
    })
  })

  it('blob storage lists old temporary uploads only', async () => {
    const did = newDid()
    const keys = [
      await storage().putTemp(did, inChunks(small)),
      await storage().putTemp(did, inChunks(small)),
    ]
    expect((await waitingOf(did)).sort()).toEqual(keys.sort())
    expect(await waitingOf(did, Date.now() - 60_000)).toEqual([])
  })

  it('blob storage rejects names that would leave its folder', async () => {
    const cid = cidForRaw(small)
    for (const did of ['..', '.', 'a/b', 'a\\b', '', 'did:web:a\0']) {
      await expect((async () => storage().open(did, cid))()).rejects.toThrow('unsafe blob name')
    }
    await expect((async () => storage().open('did:web:a', '../x'))()).rejects.toThrow(
      'unsafe blob name',
    )
  })

  it('the check of a usable blob storage passes', async () => {
    await storage().check()
  })
}
