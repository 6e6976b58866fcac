/** Opens a blob, which may be on its way from temporary to permanent storage. */
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'

/** Undefined if it is not stored. `tempKey` is the temporary key that the blob had a moment ago, if any. */
export async function openBlob(
  storage: BlobStorage,
  did: string,
  { cid, tempKey }: { cid: string; tempKey?: string },
): Promise<OpenBlob | undefined> {
  const stored = await storage.open(did, cid)
  if (stored !== undefined || tempKey === undefined) return stored
  // If the temporary file is gone, the blob has just been moved to permanent storage.
  return (await storage.openTemp(did, tempKey)) ?? (await storage.open(did, cid))
}
