/** dev.headwater.archive: archives in a bucket of the account's owner, for the account and members with the flag `history`. */
import { invalidRequest } from '#src/errors.ts'
import { bucketState, type OwnBucketView } from '#src/gateway/archives/open-own-archives.ts'
import { progressLines } from '#src/gateway/archives/progress-lines.ts'
import { aboutGroup, byOf, mayCall, onGroup } from '#src/gateway/methods/group-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import { systemTimer } from '#src/ports/timer.ts'
import * as archive from '#src/protocol/lexicons/dev/headwater/archive.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const unknown = (name: string) =>
  invalidRequest(`There is no such account here: ${name}`, 'NotFound')

/** App passwords are refused: an archive has the preferences. */
const about = { ...aboutGroup, auth: 'full principal', unknown } as const
const on = { ...onGroup, unknown } as const

export const getBucket = method(archive.getBucket, {
  ...about,
  oauth: mayCall(archive.getBucket),
  run: async (call) => {
    await call.account.archive.mayRead({ by: byOf(call) })
    return view(await call.server.archives.own.find(call.did))
  },
})

export const putBucket = method(archive.putBucket, {
  ...on,
  oauth: mayCall(archive.putBucket),
  run: async (call) => {
    const { account: _, reason: __, ...bucket } = call.input
    const { own } = call.server.archives
    const name = `${bucket.endpoint ?? 's3'} ${bucket.bucket}/${bucket.prefix ?? ''}`
    const by = byOf(call)
    await call.account.archive.noteChange({ by, action: 'putBucket', detail: name })
    await own.save(call.did, { ...bucket, ...(by.did !== call.did && { setBy: by.did }) })
    return view(await own.find(call.did))
  },
})

export const deleteBucket = method(archive.deleteBucket, {
  ...on,
  oauth: mayCall(archive.deleteBucket),
  run: async (call) => {
    await call.account.archive.noteChange({ by: byOf(call), action: 'deleteBucket' })
    await call.server.archives.own.remove(call.did)
    return undefined
  },
})

export const createArchive = method(archive.createArchive, {
  ...on,
  oauth: mayCall(archive.createArchive),
  run: async (call) => {
    const { did, server } = call
    await call.account.archive.noteChange({ by: byOf(call), action: 'createArchive' })
    const work = async (report: (progress: string) => void) => {
      const { archive: name, rev, records, blobs } = await server.archives.own.archive(did, report)
      return { archive: name, rev, records, blobs }
    }
    const { log } = server.identity
    return progressLines(systemTimer, work, (err) => log.warn({ err }, 'an archive failed'))
  },
})

function view(found: OwnBucketView | undefined) {
  if (found === undefined) return {}
  const { location, setAt, name, archivedAt, rev, bytes, error, failedAt, nextAt } = found
  return {
    bucket: {
      ...{ ...location, setAt: isoTime(setAt), state: bucketState(found) },
      ...(name !== null && { archive: name }),
      ...(archivedAt !== null && { archivedAt: isoTime(archivedAt) }),
      ...(rev !== null && { rev }),
      ...(bytes !== null && { bytes }),
      ...(error !== null && { error }),
      ...(failedAt !== null && { failingSince: isoTime(failedAt) }),
      ...(nextAt !== null && { nextAt: isoTime(nextAt) }),
    },
  }
}
