/** Archives of accounts in the buckets of their owners, for methods, pages and rounds. */
import type { Manifest } from '#src/archive/manifest.ts'
import type { OwnBucket } from '#src/directory/own-buckets.ts'
import { unavailable } from '#src/errors.ts'
import { archiveForOwner, type OwnArchivePorts } from '#src/gateway/archives/own-archive.ts'
import { startOwnRounds } from '#src/gateway/archives/own-rounds.ts'
import { type BucketInput, saveBucket } from '#src/gateway/archives/save-bucket.ts'
import { openGuardedBucket } from '#src/ports/guarded-bucket.ts'
import { urlRefusal } from '#src/ports/safe-fetch.ts'

export interface OwnArchives {
  find(did: string): Promise<OwnBucketView | undefined>
  /** Throws 400 InvalidBucket, SecretRequired or BucketFailed. */
  save(did: string, input: BucketInput): Promise<void>
  /** What is in the bucket stays there. */
  remove(did: string): Promise<void>
  /** Throws as `archiveForOwner`. */
  archive(did: string, report?: (progress: string) => void): Promise<Manifest>
  /** How many bytes of an archive this gateway has stored; undefined if it makes none. */
  storedBytes(did: string): number | undefined
  /** The returned function stops it. */
  startRounds(): () => void
}

export type OwnBucketView = Omit<OwnBucket, 'secret' | 'did' | 'setBy'>

const inProgress = 'An archive of this account is being made'
/** Of one gateway, by button; more are refused. */
const MAX_RUNNING = 4

export function openOwnArchives(
  given: Omit<OwnArchivePorts, 'openBucket' | 'urlRefusal'> & { privateNetworks: boolean },
): OwnArchives {
  const { dispatch, privateNetworks } = given
  const ports: OwnArchivePorts = {
    ...given,
    openBucket: (location, secretAccessKey) =>
      openGuardedBucket(location, { secretAccessKey, privateNetworks }),
    urlRefusal: (url) => urlRefusal(url, { privateNetworks }),
  }
  const { ownBuckets } = dispatch.directory
  const stored = new Map<string, number>()
  const trying = new Set<string>()
  let running = 0
  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MAX_RUNNING)
      throw unavailable('Too many archives are being made: try again soon')
    running++
    try {
      return await work()
    } finally {
      running--
    }
  }
  return {
    async find(did) {
      const found = await ownBuckets.find({ did })
      if (found === null) return undefined
      const { secret: _, did: __, setBy: ___, ...view } = found
      return view
    },
    save: (did, input) =>
      bounded(async () => {
        if (trying.has(did)) throw unavailable('A bucket is being tried out: try again soon')
        trying.add(did)
        await saveBucket(ports, did, input).finally(() => trying.delete(did))
      }),
    remove: (did) => ownBuckets.remove({ did }),
    archive: (did, report) =>
      bounded(() => {
        if (stored.has(did)) throw unavailable(inProgress, 'ArchiveInProgress')
        stored.set(did, 0)
        const onStored = (bytes: number) => stored.set(did, bytes)
        const watch = { onStored, ...(report && { report }) }
        return archiveForOwner(ports, did, watch).finally(() => stored.delete(did))
      }),
    storedBytes: (did) => stored.get(did),
    startRounds: () => startOwnRounds(ports),
  }
}

/** `failing`: it is tried again. `paused`: it is not, until the owner does something. */
export function bucketState({ isRunning, nextAt, error }: OwnBucketView) {
  if (isRunning) return 'running'
  if (nextAt === null) return 'paused'
  return error === null ? 'waiting' : 'failing'
}
