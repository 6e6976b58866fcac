/** dev.headwater.admin: the operator archives accounts, and verifies, drills and restores archives. */
import type { FoundArchive } from '#src/archive/list-archives.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import type { ArchiveState } from '#src/directory/archives.ts'
import { invalidRequest } from '#src/errors.ts'
import { progressLines } from '#src/gateway/archives/progress-lines.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { systemTimer } from '#src/ports/timer.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export const createArchive = method(admin.createArchive, {
  auth: 'admin',
  run: async ({ input: { did }, server }) => {
    server.archives.mustBeConfigured()
    const found = await server.dispatch.directory.accounts.find({ identifier: did })
    if (found === null) throw invalidRequest('Account not found', 'NotFound')
    return lines(server, async (report) => {
      const { manifest, pruned } = await server.archives.create(did, report)
      return { ...viewOf(manifest), deletedArchives: pruned.archives, deletedBlobs: pruned.blobs }
    })
  },
})

export const listArchives = method(admin.listArchives, {
  auth: 'admin',
  run: async ({ params, server }) => {
    const { did, trustedKeys, failed = false, limit, cursor } = params
    server.archives.mustBeConfigured()
    if (did !== undefined) {
      const found = await server.archives.list(did, trustedKeys)
      return { archives: found.map((one) => foundView(did, one)) }
    }
    const { archives, ...page } = await server.dispatch.directory.archives.list({
      ...{ limit, onlyFailed: failed },
      ...(cursor !== undefined && { cursor }),
    })
    return { archives: archives.map(stateView), ...page }
  },
})

export const verifyArchive = method(admin.verifyArchive, {
  auth: 'admin',
  run: async ({ input: { did, archive, trustedKeys: trusted }, server }) => {
    server.archives.mustBeConfigured()
    return lines(server, async (report) => {
      const verified = await server.archives.verify({ did, archive, trusted }, report)
      const { manifest, signedBy, isPrivateOpened } = verified
      return { ...viewOf(manifest), signedBy, privateOpened: isPrivateOpened }
    })
  },
})

export const drillArchive = method(admin.drillArchive, {
  auth: 'admin',
  run: async ({ input: { did, archive }, server }) => {
    server.archives.mustBeConfigured()
    return lines(server, (report) => server.archives.drill({ did, archive }, report))
  },
})

export const restoreArchive = method(admin.restoreArchive, {
  auth: 'admin',
  run: async ({ input, server }) => {
    server.archives.mustBeConfigured()
    const {
      did,
      archive,
      handle,
      trustedKeys: trusted,
      publishDid: publish,
      withCredentials,
    } = input
    const restored = { did, archive, handle, trusted, publish, withCredentials }
    return lines(server, (report) => server.archives.restore(restored, report))
  },
})

function lines(
  { identity: { log } }: ServerContext,
  work: (report: (progress: string) => void) => Promise<object>,
) {
  return progressLines(systemTimer, work, (err) => log.warn({ err }, 'an archive failed'))
}

function viewOf(manifest: Manifest) {
  const { did, archive, createdAt, rev, handle, records, parts } = manifest
  const { blobs, blobBytes, missingBlobs } = manifest
  return {
    ...{ did, archive, createdAt, rev, ...(handle !== null && { handle }), records },
    ...{ blobs, blobBytes, missingBlobs, repoBytes: parts['repo.car']?.size ?? 0 },
    private: parts['private.sealed'] !== undefined,
  }
}

function foundView(did: string, found: FoundArchive) {
  const { archive } = found
  return 'manifest' in found ? viewOf(found.manifest) : { did, archive, error: found.problem }
}

function stateView(state: ArchiveState) {
  const { did, name, rev, archivedAt, error, failedAt, drilledAt, drillError } = state
  return {
    did,
    ...(name !== null && { archive: name }),
    ...(rev !== null && { rev }),
    ...(archivedAt !== null && { createdAt: isoTime(archivedAt) }),
    ...(error !== null && { error }),
    ...(failedAt !== null && { failedAt: isoTime(failedAt) }),
    ...(drilledAt !== null && { drilledAt: isoTime(drilledAt) }),
    ...(drillError !== null && { drillError }),
  }
}
