/** Uploads the blobs of an archive that the account does not have. */
import { type ArchivedBlob, readBlobList } from '#src/archive/blob-list.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import { readBlob, readPart, type VerifyPorts } from '#src/archive/verify-archive.ts'
import type { ArchivedAccount, ArchivePorts } from '#src/gateway/archives/archive-ports.ts'
import { openBlob } from '#src/gateway/methods/open-blob.ts'

/** Those whose bytes the archive has. */
export async function* blobsOfManifest(
  verify: VerifyPorts,
  manifest: Manifest,
): AsyncGenerator<ArchivedBlob> {
  for await (const blob of readBlobList(readPart(verify, manifest, 'blobs.jsonl'))) {
    if (!blob.missing) yield blob
  }
}

/** Returns how many were uploaded. Throws 413 BlobQuotaExceeded and 507 as uploadBlob. */
export async function uploadBlobs(
  { dispatch, blobs: storage }: Pick<ArchivePorts, 'dispatch' | 'blobs'>,
  verify: VerifyPorts,
  did: string,
  blobs: AsyncIterable<ArchivedBlob>,
  report: (progress: string) => void = () => {},
): Promise<number> {
  const account = dispatch.account(did)
  let uploaded = 0
  for await (const blob of blobs) {
    if (await isStored(account, storage, did, blob.cid)) continue
    // Since the archive was made: it stays so, and the rest is restored.
    const { takedownRef = null } = (await account.blob.getTakedown({ cid: blob.cid })) ?? {}
    if (takedownRef !== null) continue
    const key = await storage.putTemp(did, readBlob(verify, did, blob))
    const { cid, size, mimeType } = blob
    await account.blob.add({ cid, size, mimeType, key }).catch(async (error) => {
      await storage.deleteTemps(did, [key]).catch(() => {})
      throw error
    })
    report(`${++uploaded} blobs uploaded`)
  }
  return uploaded
}

async function isStored(
  account: ArchivedAccount,
  storage: ArchivePorts['blobs'],
  did: string,
  cid: string,
): Promise<boolean> {
  const found = await account.blob.find({ cid }, 'admin').catch((error) => {
    if (error.error === 'BlobNotFound') return undefined
    throw error
  })
  if (found === undefined) return false
  const open = await openBlob(storage, did, { cid, ...found })
  await open?.close()
  return open !== undefined
}
