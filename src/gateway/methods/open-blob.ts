/** Opens a blob, which may be on its way from temporary to permanent storage. */
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'

/** Undefined if it is not stored. `tempKey` is the temporary key that the blob had a moment ago, if any. */
export async function openBlob(
  storage: BlobStorage,
  did: string,
  { cid, tempKey }: { cid: string; tempKey?: string },
): Promise<OpenBlob | undefined> {
  // The temporary one first: storage may copy, and what it has copied half is under the permanent name already.
  const temp = tempKey === undefined ? undefined : await storage.openTemp(did, tempKey)
  return temp ?? storage.open(did, cid)
}
