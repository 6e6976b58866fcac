/** The blob storage of unit tests, in memory, with a hook for faults. */
import { Blobs } from '#src/account/blobs.ts'
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'

export interface MemoryBlobStorage extends BlobStorage {
  readonly files: Map<string, Uint8Array>
  /** Called before each step; if it throws, the step is not done. */
  onStep: (step: string) => void | Promise<void>
}

export function memoryBlobStorage(): MemoryBlobStorage {
  const files = new Map<string, Uint8Array>()
  let keys = 0

  async function move(step: string, from: string, to: string): Promise<boolean> {
    await storage.onStep(`${step} ${from}`)
    const bytes = files.get(from)
    if (bytes === undefined) return files.has(to)
    files.set(to, bytes)
    files.delete(from)
    return true
  }
  function opened(path: string): OpenBlob | undefined {
    const bytes = files.get(path)
    if (bytes === undefined) return undefined
    return {
      size: bytes.length,
      bytes: once(bytes),
      part: (start, end) => once(bytes.subarray(start, end + 1)),
      close: async () => {},
    }
  }
  async function remove(step: string, path: string): Promise<void> {
    await storage.onStep(`${step} ${path}`)
    files.delete(path)
  }

  const storage: MemoryBlobStorage = {
    files,
    onStep: () => {},
    async putTemp(did, source) {
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      const key = `key${++keys}`
      files.set(`temp/${did}/${key}`, Buffer.concat(chunks))
      return key
    },
    makePermanent: (did, key, cid) => move('place', `temp/${did}/${key}`, `place/${did}/${cid}`),
    open: async (did, cid) => opened(`place/${did}/${cid}`),
    openTemp: async (did, key) => opened(`temp/${did}/${key}`),
    quarantine: (did, cid) => move('quarantine', `place/${did}/${cid}`, `aside/${did}/${cid}`),
    unquarantine: (did, cid) => move('unquarantine', `aside/${did}/${cid}`, `place/${did}/${cid}`),
    async delete(did, cids) {
      for (const cid of cids) {
        await remove('delete', `place/${did}/${cid}`)
        files.delete(`aside/${did}/${cid}`)
      }
    },
    async deleteTemps(did, temps) {
      for (const key of temps) await remove('deleteTemp', `temp/${did}/${key}`)
    },
    async deleteAll(did) {
      for (const path of files.keys()) if (path.split('/')[1] === did) files.delete(path)
    },
    async *listTemps() {
      for (const path of files.keys()) {
        const [folder, did, key] = path.split('/')
        if (folder === 'temp') yield { did: did!, key: key! }
      }
    },
    check: async () => {},
  }
  return storage
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export interface TestBlobs {
  storage?: BlobStorage
  quotaBytes?: number
  onFailure?: (error: unknown) => void
}

/** The blobs of an account, over a new storage by default. */
export function testBlobs(ports: TestBlobs & { did: string; sql: Sql; clock: Clock }): Blobs {
  return new Blobs({
    storage: memoryBlobStorage(),
    quotaBytes: undefined,
    keepAwake: () => {},
    // Failed steps are retried at once; the timeout of closing (5 s and more) never fires.
    pause: (ms) => (ms < 5_000 ? Promise.resolve() : new Promise(() => {})),
    onFailure: () => {},
    ...ports,
  })
}
