/**
 * Deletes uploads that no record referenced in time. The storage itself is the list of them, so nothing has to be
 * stored: each account is asked which of its old temporary uploads it still needs.
 */
import type { ActorSettings } from '#actors/settings.ts'
import type { TempUpload } from '#src/ports/blob-storage.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'

/** Uploads that an account is asked about in one call. */
const PAGE = 500
const MAX_INTERVAL_MS = 60 * 60 * 1000
const MIN_INTERVAL_MS = 1_000

/** The function it returns stops it. */
export function startBlobSweeps(settings: ActorSettings): () => void {
  const { blobTempMaxAgeMs, log, timer } = settings
  const intervalMs = Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, blobTempMaxAgeMs / 4))
  const run = async (isStopped: () => boolean) => {
    await sweep(settings, isStopped).catch((error) => {
      log.warn({ err: error }, 'deleting unused uploads failed')
    })
    return intervalMs
  }
  return startPeriodicTask(timer, run, { firstMs: MIN_INTERVAL_MS })
}

async function sweep(settings: ActorSettings, isStopped: () => boolean): Promise<void> {
  const before = settings.clock.now() - settings.blobTempMaxAgeMs
  for await (const { did, keys } of byAccount(settings.blobs.listTemps(before))) {
    if (isStopped()) return
    await deleteUploads(settings, did, { before, keys }).catch((error) => {
      settings.log.warn({ did, err: error }, 'deleting unused uploads of an account failed')
    })
  }
}

async function* byAccount(
  uploads: AsyncIterable<TempUpload>,
): AsyncGenerator<{ did: string; keys: string[] }> {
  let page: { did: string; keys: string[] } | undefined
  for await (const { did, key } of uploads) {
    if (page !== undefined && (page.did !== did || page.keys.length === PAGE)) {
      yield page
      page = undefined
    }
    page ??= { did, keys: [] }
    page.keys.push(key)
  }
  if (page !== undefined) yield page
}

/** Calling an account creates it, so only accounts that the directory knows are called. */
async function deleteUploads(
  { blobs, dispatch }: ActorSettings,
  did: string,
  stale: { before: number; keys: string[] },
): Promise<void> {
  const known = await dispatch.directory.accounts.find({ identifier: did })
  if (known === null) await blobs.deleteTemps(did, stale.keys)
  else await dispatch.account(did).blob.deleteUnusedUploads(stale)
}
