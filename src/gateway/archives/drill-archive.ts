/**
 * Drills an archive: restores it into a scratch account, which no directory knows and which emits no events, reads the repo
 * back, compares it with the manifest, and empties the account again.
 */
import type { PrivateState } from '#src/account/archive/private-state.ts'
import type { TakenOver } from '#src/account/lifecycle/taken-over.ts'
import type { Manifest } from '#src/archive/manifest.ts'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { type CheckedRepo, RepoCheck } from '#src/archive/repo-check.ts'
import { newestArchive } from '#src/archive/storage-archives.ts'
import {
  readPart,
  readPrivate,
  type VerifyPorts,
  verifyArchive,
} from '#src/archive/verify-archive.ts'
import { unavailable, XrpcError } from '#src/errors.ts'
import { type ArchivePorts, storageOf, trustedKeys } from '#src/gateway/archives/archive-ports.ts'
import { messageOf } from '#src/gateway/archives/create-archive.ts'
import { withLease } from '#src/gateway/archives/lease.ts'
import { exportCar } from '#src/gateway/methods/export-car.ts'
import { importRepo } from '#src/gateway/methods/import-repo.ts'
import { newSigningKey, signingKey } from '#src/ports/secp256k1.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { scratchAccount } from '#src/rules/scratch-accounts.ts'

export interface DrilledArchive {
  did: string
  archive: string
  records: number
  blobs: number
  /** Whether the private part was opened, and has the account's key. */
  private: boolean
}

/** The outcome is recorded in the directory. Throws `ArchiveProblem`, or 503 if there is no scratch account free. */
export async function drillArchive(
  ports: ArchivePorts,
  { did, archive: name, n }: { did: string; archive?: string | undefined; n: number },
  report: (progress: string) => void = () => {},
): Promise<DrilledArchive> {
  ports.mustHaveRoom()
  const storage = await storageOf(ports)
  const archive = name ?? (await newestArchive(storage, did))
  const { backupKey } = ports
  const verify = { storage, backupKey, trusted: trustedKeys(ports), report }
  const { archives } = ports.dispatch.directory
  try {
    const { manifest } = await verifyArchive(verify, { did, archive })
    const isPrivate = await checkPrivate(verify, manifest)
    report('restoring into a scratch account')
    const scratch = scratchAccount(n)
    const drilled = await withLease(ports, scratch, () => drillIn(ports, scratch, verify, manifest))
    if (drilled === undefined) throw unavailable('Another drill is using the scratch account')
    await archives.recordDrill({ did, error: null })
    return { did, archive, records: drilled.records, blobs: manifest.blobs, private: isPrivate }
  } catch (error) {
    // What is busy says nothing about the archive.
    const isBusy = error instanceof XrpcError && error.status === 503
    if (!isBusy) await archives.recordDrill({ did, error: messageOf(error) }).catch(() => {})
    throw error
  }
}

async function checkPrivate(verify: VerifyPorts, manifest: Manifest): Promise<boolean> {
  const opened = await readPrivate(verify, manifest)
  if (opened === undefined) return false
  const state = JSON.parse(Buffer.from(opened).toString()) as PrivateState
  if (signingKey(Buffer.from(state.signingKey, 'hex')).did() !== manifest.signingKey) {
    throw new ArchiveProblem('private.sealed has another signing key than the manifest')
  }
  return true
}

async function drillIn(
  ports: ArchivePorts,
  scratch: string,
  verify: VerifyPorts,
  manifest: Manifest,
): Promise<CheckedRepo> {
  const account = ports.dispatch.account(scratch)
  await account.takeover.begin()
  try {
    await account.takeover.finish(emptyAccount(ports, scratch))
    const repo = { type: '', length: undefined, bytes: readPart(verify, manifest, 'repo.car') }
    await importRepo(account.import, repo, [manifest.signingKey])
    const check = new RepoCheck()
    for await (const chunk of await exportCar(account, {}, 'admin')) check.push(chunk)
    const restored = check.end()
    if (
      restored.data !== (await dataOf(verify, manifest)) ||
      restored.records !== manifest.records
    ) {
      throw new ArchiveProblem('the restored repo is not that of the archive')
    }
    return restored
  } finally {
    await account.takeover.begin()
  }
}

/** The root of the archived tree. */
async function dataOf(verify: VerifyPorts, manifest: Manifest): Promise<string> {
  const check = new RepoCheck()
  for await (const chunk of readPart(verify, manifest, 'repo.car')) check.push(chunk)
  return check.end().data
}

function emptyAccount({ keys, clock }: ArchivePorts, did: string): TakenOver {
  const { privateKey, key } = newSigningKey()
  const now = isoTime(clock.now())
  const profile = { handle: 'scratch.invalid', email: null, emailConfirmedAt: null }
  const state = { deactivatedAt: now, deleteAfter: null, takedownRef: null, createdAt: now }
  return {
    profile: { ...profile, ...state, passwordHash: null },
    ...{ signingKey: keys.seal(privateKey, did), signingKeyDid: key.did(), root: null },
    ...{ records: 0, blobs: 0, takedowns: [], preferences: '[]', appPasswords: [] },
    ...{ refreshTokens: [], grants: [], devices: [], clients: [] },
  }
}
