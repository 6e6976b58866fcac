/** What making and restoring archives needs of this server. */
import type { ArchiveRound } from '#src/directory/archives.ts'
import type { Dispatch, RemoteAccount } from '#src/engine/dispatch.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import type { Timer } from '#src/ports/timer.ts'

export type { ArchiveRound }

export type ArchivedAccount = Pick<
  RemoteAccount,
  'archive' | 'sync' | 'import' | 'blob' | 'lifecycle' | 'takeover' | 'identity'
>

export interface ArchivePorts {
  dispatch: Pick<Dispatch, 'directory' | 'sequencer'> & { account(did: string): ArchivedAccount }
  /** Undefined without PDS_ARCHIVE_LOCATION. */
  openStorage: (() => Promise<ArchiveStorage>) | undefined
  /** 32 bytes; without it, archives have no private part. */
  backupKey: Uint8Array | undefined
  /** did:keys of other servers whose archives are restored here. */
  trusted: readonly string[]
  /** Signs manifests. */
  signer: SigningKey
  serviceDid: string
  keys: Keychain
  blobs: BlobStorage
  /** Throws 507 InsufficientStorage. */
  mustHaveRoom(): void
  clock: Clock
  timer: Timer
  log: Pick<Log, 'info' | 'warn'>
}

/** Throws 400 ArchivesNotConfigured. */
export async function storageOf(ports: ArchivePorts): Promise<ArchiveStorage> {
  mustBeConfigured(ports)
  return ports.openStorage()
}

export function mustBeConfigured<P extends Pick<ArchivePorts, 'openStorage'>>(
  ports: P,
): asserts ports is P & { openStorage: () => Promise<ArchiveStorage> } {
  if (ports.openStorage !== undefined) return
  throw invalidRequest(
    'This server stores no archives: set PDS_ARCHIVE_LOCATION',
    'ArchivesNotConfigured',
  )
}

/** The did:keys whose signature of a manifest counts; `more` are named by the caller. */
export function trustedKeys({ signer, trusted }: ArchivePorts, more: readonly string[] = []) {
  return [signer.did(), ...trusted, ...more]
}
