/** The blobs of the reference, which may still run: they are looked at, and stay as they are. */
import type { BlobStorage } from '#src/ports/blob-storage.ts'

export function readOnlyBlobs(storage: BlobStorage): BlobStorage {
  const refuse = () => Promise.reject(new Error('a takeover does not change blobs'))
  return {
    ...storage,
    putTemp: refuse,
    makePermanent: refuse,
    quarantine: refuse,
    unquarantine: refuse,
    delete: refuse,
    deleteTemps: refuse,
    deleteAll: refuse,
  }
}
