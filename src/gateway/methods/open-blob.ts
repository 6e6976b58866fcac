/** Finds the bytes of a blob, wherever they are on their way to their place. */
import type { BlobStorage, OpenBlob } from '#src/ports/blob-storage.ts'

/** The blob's bytes, opened; undefined where they are nowhere. `tempKey` is where they were when the account was asked. */
export async function openBlob(
  storage: BlobStorage,
  did: string,
  { cid, tempKey }: { cid: string; tempKey?: string },
): Promise<OpenBlob | undefined> {
  const inPlace = await storage.open(did, cid)
  if (inPlace !== undefined || tempKey === undefined) return inPlace
  // What is not there any more, either, has just been brought to its place.
  return (await storage.openTemp(did, tempKey)) ?? (await storage.open(did, cid))
}
