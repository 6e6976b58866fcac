/** Opens a blob, which may be on its way from temporary to permanent storage. */
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'

/** Returns undefined if the blob is not stored. `tempKey` is the blob's temporary key, if it had one a moment ago. */
export async function openBlob(
  storage: BlobStorage,
  did: string,
  { cid, tempKey }: { cid: string; tempKey?: string },
): Promise<OpenBlob | undefined> {
  const stored = await storage.open(did, cid)
  if (stored !== undefined || tempKey === undefined) return stored
  // If the temporary file is gone, it has just been moved to its permanent place.
  return (await storage.openTemp(did, tempKey)) ?? (await storage.open(did, cid))
}
