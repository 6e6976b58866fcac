/** Copies the blobs that the new server says are missing: those that were copied before a move was cut off are not listed again. */
import { XrpcError } from '#src/errors.ts'
import { counted } from '#src/gateway/migrations/counted-bytes.ts'
import type { Move } from '#src/gateway/migrations/migrate.ts'
import type { Json, XrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import { inParallel } from '#src/ports/in-parallel.ts'

const PAGE = 200
const AT_ONCE = 3
const TRIES = 3
const RETRY_MS = 1_000
/** Longer waits are left to the owner, who continues the move later. */
const MAX_WAIT_MS = 5 * 60_000
const MAX_LISTED = 100
/** Of one move: a server that lists more has no end. */
const MAX_BLOBS = 500_000
/** Longer than any CID. */
const MAX_CID_LENGTH = 200

/** Blobs that cannot be copied are counted and listed in the progress; whether the move goes on is for the owner to say. */
export async function copyBlobs(move: Move): Promise<void> {
  const { to, progress, signal } = move
  const failed: string[] = []
  let missing = 0
  let listed = 0
  await countBlobs(move)
  for (let cursor: string | undefined; ; ) {
    signal.throwIfAborted()
    const { cids, next } = await missingAt(to, cursor)
    listed += cids.length
    if (listed > MAX_BLOBS) {
      throw new XrpcError(502, 'UpstreamFailure', 'The new server lists too many blobs')
    }
    await inParallel(cids, AT_ONCE, async (cid) => {
      if (await copyBlob(move, cid)) progress.blobs = (progress.blobs ?? 0) + 1
      else if (++missing <= MAX_LISTED) failed.push(cid)
    })
    if (next === undefined) break
    cursor = next
  }
  progress.missing = missing
  progress.missingCids = failed
  await countBlobs(move)
}

async function countBlobs({ to, progress }: Move): Promise<void> {
  const { expectedBlobs, importedBlobs } = await to.query('com.atproto.server.checkAccountStatus')
  if (typeof expectedBlobs === 'number') progress.blobsTotal = expectedBlobs
  if (typeof importedBlobs === 'number') progress.blobs = importedBlobs
}

async function missingAt(
  to: XrpcServer,
  cursor: string | undefined,
): Promise<{ cids: string[]; next: string | undefined }> {
  const list = await to.query('com.atproto.repo.listMissingBlobs', { limit: PAGE, cursor })
  const blobs: unknown[] = Array.isArray(list['blobs']) ? list['blobs'] : []
  const cids = blobs.flatMap((one) => {
    const { cid } = one as { cid?: unknown }
    return typeof cid === 'string' && cid.length <= MAX_CID_LENGTH ? [cid] : []
  })
  const next = list['cursor']
  // A page without blobs is the last, whatever its cursor says.
  const isLast = typeof next !== 'string' || next === cursor || cids.length === 0
  return { cids: [...new Set(cids)], next: isLast ? undefined : next }
}

/** False if it cannot be copied: the old server does not have it, or the new one does not take it. */
async function copyBlob(move: Move, cid: string): Promise<boolean> {
  const { did, from, to, progress, signal, pause } = move
  for (let tried = 1; ; tried++) {
    signal.throwIfAborted()
    try {
      const blob = await from.download('com.atproto.sync.getBlob', { did, cid })
      const bytes = counted(blob.bytes, signal, (n) => {
        progress.blobBytes = (progress.blobBytes ?? 0) + n
      })
      mustBe(cid, await to.upload('com.atproto.repo.uploadBlob', { ...blob, bytes }))
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof XrpcError) || isOver(error)) throw error
      const isLimited = error.status === 429
      if (error.status < 500 && !isLimited) return false
      const wait = isLimited ? (waitOf(error) ?? Number.POSITIVE_INFINITY) : RETRY_MS * tried
      if (wait > MAX_WAIT_MS || (isLimited && tried >= TRIES)) throw error
      if (tried >= TRIES) return false
      await pause(wait)
    }
  }
}

/** Throws 502 for another CID: the transfer broke off, or the old server served other bytes under this name. */
function mustBe(cid: string, { blob }: Json): void {
  const { ref } = (blob ?? {}) as { ref?: { $link?: unknown } }
  if (ref?.$link !== cid) throw new XrpcError(502, 'UpstreamFailure', 'The blob has another CID')
}

/** The disk is full, or the session is over: no blob would be copied. */
function isOver({ status }: XrpcError): boolean {
  return status === 507 || status === 401
}

/** In ms; undefined if the server does not say it. */
function waitOf({ headers }: XrpcError): number | undefined {
  const after = Number(headers?.['retry-after'] ?? Number.NaN)
  return Number.isFinite(after) ? after * 1_000 : undefined
}
