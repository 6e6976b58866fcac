/** Makes an archive of an account, which goes on working meanwhile. */
import type { ArchivePart, ListedBlob, OpenedArchive } from '#src/account/archive/open.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import { sealPrivate } from '#src/archive/private-part.ts'
import { type Pruned, pruneArchives } from '#src/archive/prune.ts'
import { writeArchive } from '#src/archive/write-archive.ts'
import type { MadeArchive } from '#src/directory/archives.ts'
import { unavailable, XrpcError } from '#src/errors.ts'
import {
  type ArchivedAccount,
  type ArchivePorts,
  storageOf,
} from '#src/gateway/archives/archive-ports.ts'
import { withLease } from '#src/gateway/archives/lease.ts'
import { ExportStream } from '#src/gateway/methods/export-car.ts'
import { openBlob } from '#src/gateway/methods/open-blob.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { archiveStateContext } from '#src/rules/archive-state.ts'

/** As is usual for backups. */
export const RETENTION = { daily: 7, weekly: 4, monthly: 12 }
/** An account may move to another process while it is exported, or write too much. */
const ATTEMPTS = 3

export interface CreatedArchive {
  manifest: Manifest
  pruned: Pruned
}

/**
 * The outcome is recorded in the directory. Throws 503 ArchiveInProgress if another archive of the account is being made, 507
 * or 504 if the storage is full or slow, and `ArchiveProblem` if what is stored could not be restored.
 */
export async function createArchive(
  ports: ArchivePorts,
  did: string,
  report: (progress: string) => void = () => {},
): Promise<CreatedArchive> {
  const storage = await storageOf(ports)
  const { archives } = ports.dispatch.directory
  const created = await withLease(ports, did, async ({ mustHold }) => {
    try {
      const { manifest, outcome } = await storeArchive(ports, storage, { did, report, mustHold })
      await archives.record({ did, ...outcome })
      const now = ports.clock.now()
      const server = ports.serviceDid
      const pruned = await pruneArchives(storage, did, { server, retention: RETENTION, now })
      return { manifest, pruned }
    } catch (error) {
      // An account that was deleted meanwhile has not failed.
      const isGone = error instanceof XrpcError && error.error === 'RepoNotFound'
      if (!isGone) await archives.record({ did, error: messageOf(error) }).catch(() => {})
      throw error
    }
  })
  if (created === undefined) {
    throw unavailable('An archive of this account is being made or restored', 'ArchiveInProgress')
  }
  return created
}

interface StoreInput {
  did: string
  report: (progress: string) => void
  /** Called before the manifest is stored. */
  mustHold: () => Promise<void>
}

/** With a private part if `ports` has a key for it. `outcome` is what the directory records. */
export async function storeArchive(
  ports: StorePorts,
  storage: ArchiveStorage,
  { did, report, mustHold }: StoreInput,
): Promise<{ manifest: Manifest; outcome: MadeArchive }> {
  // What is changed while the account is archived makes the next archive due.
  const { [did]: stateSeq = null } = await ports.dispatch.sequencer.heads.stateSeqs({ dids: [did] })
  const manifest = await repeated(() => archiveOnce(ports, storage, did, report, mustHold))
  const bytes = Object.values(manifest.parts).reduce((sum, { size }) => sum + size, 0)
  return { manifest, outcome: { rev: manifest.rev, stateSeq, name: manifest.archive, bytes } }
}

export type StorePorts = Pick<
  ArchivePorts,
  'dispatch' | 'signer' | 'serviceDid' | 'clock' | 'blobs' | 'keys' | 'backupKey'
>

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const isTransient =
        error instanceof XrpcError && (error.error === 'ExportExpired' || error.status === 503)
      if (!isTransient || attempt === ATTEMPTS) throw error
    }
  }
}

async function archiveOnce(
  ports: StorePorts,
  storage: ArchiveStorage,
  did: string,
  report: (progress: string) => void,
  mayFinish: () => Promise<void>,
): Promise<Manifest> {
  const account = ports.dispatch.account(did)
  const opened = await account.archive.open()
  try {
    const [blobs, preferences, state] = [
      await readPart(account, opened, 'blobs'),
      await readPart(account, opened, 'preferences'),
      await readPart(account, opened, 'private'),
    ]
    const listed = new Map(linesOf(blobs).map((line) => [line[0], line]))
    const first = await account.sync.readExport({ id: opened.id, n: 0 })
    const { id: _, ...identity } = opened
    return await writeArchive(
      {
        ...{ storage, report, mayFinish, signer: ports.signer, server: ports.serviceDid },
        now: ports.clock.now(),
      },
      {
        ...identity,
        repo: new ExportStream(account, opened.id, first),
        preferences: preferences.toString(),
        blobs: entriesOf(listed.values()),
        openBlob: (cid) => {
          const tempKey = listed.get(cid)?.[3] ?? undefined
          return openBlob(ports.blobs, did, { cid, ...(tempKey !== undefined && { tempKey }) })
        },
        private: sealed(ports, did, state),
      },
    )
  } catch (error) {
    await account.sync.closeExport({ id: opened.id }).catch(() => {})
    throw error
  }
}

/** From the keychain of this server to the key of its backups. */
function sealed({ keys, backupKey }: StorePorts, did: string, state: Uint8Array) {
  if (backupKey === undefined) return undefined
  return sealPrivate(backupKey, did, keys.open(state, archiveStateContext(did)))
}

async function readPart(
  account: ArchivedAccount,
  { id }: OpenedArchive,
  part: ArchivePart,
): Promise<Buffer> {
  const pages: Uint8Array[] = []
  for (let at = 0, done = false; !done; ) {
    const page = await account.archive.readPart({ id, part, at })
    pages.push(page.bytes)
    at += page.bytes.length
    done = page.done
  }
  return Buffer.concat(pages)
}

function linesOf(text: Buffer): ListedBlob[] {
  if (text.length === 0) return []
  return text
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as ListedBlob)
}

async function* entriesOf(lines: Iterable<ListedBlob>) {
  for (const [cid, size, mimeType, , isTakenDown] of lines) {
    yield { cid, size, mimeType, isTakenDown: isTakenDown === 1 }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
