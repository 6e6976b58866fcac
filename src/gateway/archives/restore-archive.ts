/**
 * Restores an archive into this server.
 *
 * 1. The whole archive is verified.
 * 2. If the account is gone it is created, deactivated, with its former key, as one that migrates in.
 * 3. Blobs that are not here are uploaded. Without a record they are deleted again after a day.
 * 4. The repo and the preferences replace those of the account, in one transaction and under a new rev; if it was created,
 *    it gets the private part and its takedown too. If the account is active, relays get a #sync.
 * 5. An account that was created is activated if it was active, and its DID document points here.
 *
 * If it is interrupted, nothing has changed before 4; run it again, also after 4.
 */
import type { PrivateState } from '#src/account/archive/private-state.ts'
import type { RestoredState } from '#src/account/archive/restore.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { newestArchive } from '#src/archive/storage-archives.ts'
import {
  readPart,
  readPrivate,
  readSmallPart,
  type VerifyPorts,
  verifyArchive,
} from '#src/archive/verify-archive.ts'
import { invalidRequest, unavailable } from '#src/errors.ts'
import { type ArchivePorts, storageOf, trustedKeys } from '#src/gateway/archives/archive-ports.ts'
import { withLease } from '#src/gateway/archives/lease.ts'
import { recreateAccount } from '#src/gateway/archives/recreate-account.ts'
import { blobsOfManifest, uploadBlobs } from '#src/gateway/archives/restore-blobs.ts'
import { type Activation, activateRestored } from '#src/gateway/archives/restored-identity.ts'
import type { DidCheckPorts } from '#src/gateway/identity/did-check.ts'
import { importRepo } from '#src/gateway/methods/import-repo.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { archiveStateContext } from '#src/rules/archive-state.ts'
import { may } from '#src/rules/states.ts'

export interface RestorePorts extends ArchivePorts {
  identity: Omit<DidCheckPorts, 'plc'> & { plc: PlcDirectory }
  activateAccount(did: string): Promise<void>
}

export interface RestoreInput {
  did: string
  /** The name; the newest if absent. */
  archive?: string | undefined
  /** For an account that is gone, if its former handle is taken. */
  handle?: string | undefined
  /** More did:keys whose signature counts. */
  trusted?: readonly string[] | undefined
  /** Whether to point the DID here, if this server has a rotation key of it. */
  publish?: boolean | undefined
  /** Whether an account that is here gets its former password, factors, authorized apps and members. */
  withCredentials?: boolean | undefined
}

export interface RestoredArchive extends Activation {
  did: string
  archive: string
  /** The new one. */
  rev: string
  /** Whether the account was gone. */
  created: boolean
  records: number
  blobs: number
  /** Blobs that neither the archive nor this server has. */
  missingBlobs: number
  /** Whether the archive has a private part that could be opened; it is restored if the account was gone. */
  private: boolean
}

const PAGE_BYTES = 512 * 1024

/** Throws `ArchiveProblem`, 503 ArchiveInProgress, 507 InsufficientStorage, and as `recreateAccount`. */
export async function restoreArchive(
  ports: RestorePorts,
  input: RestoreInput,
  report: (progress: string) => void = () => {},
): Promise<RestoredArchive> {
  ports.mustHaveRoom()
  const { did } = input
  const storage = await storageOf(ports)
  const archive = input.archive ?? (await newestArchive(storage, did))
  const { backupKey } = ports
  const verify = { storage, backupKey, trusted: trustedKeys(ports, input.trusted), report }
  const restored = await withLease(ports, did, async () => {
    report('verifying the archive')
    const { manifest } = await verifyArchive(verify, { did, archive })
    return restoreVerified(ports, input, verify, manifest)
  })
  if (restored === undefined) {
    throw unavailable('An archive of this account is being made or restored', 'ArchiveInProgress')
  }
  return restored
}

async function restoreVerified(
  ports: RestorePorts,
  input: RestoreInput,
  verify: VerifyPorts,
  manifest: Manifest,
): Promise<RestoredArchive> {
  const { did } = input
  const { report = () => {} } = verify
  const state = await readState(verify, manifest, input)
  const found = await ports.dispatch.directory.accounts.find({ identifier: did })
  if (found?.status === 'deleted') {
    throw invalidRequest('The account is being deleted: try again in a minute', 'AccountDeleted')
  }
  const created = found === null
  if (state.private === undefined) {
    if (created) throw noPrivatePart(ports, 'the account is gone')
    if (input.withCredentials) throw noPrivatePart(ports, 'there are no credentials to restore')
  } else if (created) {
    await recreateAccount(ports, { manifest, state: state.private, handle: input.handle })
  }
  const account = ports.dispatch.account(did)
  const blobs = blobsOfManifest(verify, manifest)
  const uploaded = await uploadBlobs(ports, verify, did, blobs, report)
  report('replacing the repo')
  const sealed = ports.keys.seal(
    new Uint8Array(Buffer.from(JSON.stringify(state))),
    archiveStateContext(did),
  )
  await importRepo(
    {
      begin: async () => {
        const { id } = await account.import.begin()
        for (let n = 0; n * PAGE_BYTES < sealed.length; n++) {
          const bytes = sealed.slice(n * PAGE_BYTES, (n + 1) * PAGE_BYTES)
          await account.archive.addState({ id, n, bytes })
        }
        return { id }
      },
      addPage: (page) => account.import.addPage(page),
      finish: (page) => account.archive.finishRestore(page),
      abort: (page) => account.import.abort(page),
    },
    { type: '', length: undefined, bytes: readPart(verify, manifest, 'repo.car') },
    [manifest.signingKey],
  )
  const missing = await missingBlobs(ports, verify, manifest)
  const isNew = created || (await isUnfinished(ports, did))
  const activation = await activateRestored(ports, { ...input, isNew, state: state.private })
  const { rev } = await account.sync.getLatestCommit('admin')
  ports.log.info({ did, archive: manifest.archive, rev, created }, 'archive restored')
  return {
    ...{ did, archive: manifest.archive, rev, created, records: manifest.records },
    ...{ blobs: uploaded, missingBlobs: missing, private: state.private !== undefined },
    ...activation,
  }
}

/** Whether an earlier restore has created the account, and was interrupted before it was active. */
async function isUnfinished({ dispatch }: RestorePorts, did: string): Promise<boolean> {
  const account = dispatch.account(did)
  const { status } = await account.identity.getIdentity()
  if (status !== 'deactivated') return false
  return (await account.lifecycle.getDeletionDue()).neverActive
}

async function readState(
  verify: VerifyPorts,
  manifest: Manifest,
  { withCredentials = false }: RestoreInput,
): Promise<RestoredState> {
  const preferences = await readSmallPart(verify, manifest, 'preferences.json')
  const opened = await readPrivate(verify, manifest)
  return {
    ...{ archive: manifest.archive, withCredentials },
    preferences: Buffer.from(preferences).toString(),
    ...(opened !== undefined && {
      private: JSON.parse(Buffer.from(opened).toString()) as PrivateState,
    }),
  }
}

/** A write may have removed a blob after it was looked for, and before the repo was replaced. */
async function missingBlobs(
  ports: RestorePorts,
  verify: VerifyPorts,
  manifest: Manifest,
): Promise<number> {
  const { blob, identity } = ports.dispatch.account(manifest.did)
  // An account that is taken down again accepts none, and nothing has been written to it.
  const mayUpload = may('manage', (await identity.getIdentity()).status)
  let missing = 0
  for (let cursor: string | undefined; ; ) {
    const page = await blob.listMissing({ limit: 500, ...(cursor !== undefined && { cursor }) })
    const cids = new Set(page.blobs.map(({ cid }) => cid))
    const again = only(blobsOfManifest(verify, manifest), mayUpload ? cids : new Set())
    missing += cids.size - (await uploadBlobs(ports, verify, manifest.did, again))
    cursor = page.cursor
    if (cursor === undefined) return missing
  }
}

async function* only<T extends { cid: string }>(
  blobs: AsyncIterable<T>,
  cids: ReadonlySet<string>,
) {
  if (cids.size === 0) return
  for await (const blob of blobs) if (cids.has(blob.cid)) yield blob
}

function noPrivatePart({ backupKey }: ArchivePorts, why: string): ArchiveProblem {
  return new ArchiveProblem(
    backupKey === undefined
      ? `${why}: without PDS_BACKUP_KEY_HEX the private part of the archive cannot be read`
      : `${why}: the archive has no private part`,
  )
}
