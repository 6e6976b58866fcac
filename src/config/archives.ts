/** Where and how often accounts are archived. Their private parts are sealed with the key of backups. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { readStorageLocation, type StorageLocation } from '#src/config/storage-location.ts'

export interface ArchiveConfig {
  /** Undefined: no archives. */
  location: StorageLocation | undefined
  /** 0: only by command. */
  intervalMs: number
  /** did:keys of other servers whose archives may be restored here. */
  trustedKeys: string[]
  /** How long the archives of a deleted account are kept after the last. */
  deletedKeptMs: number
}

const HOUR_MS = 60 * 60 * 1000

export function readArchives(read: EnvironmentReader): ArchiveConfig {
  const hours = read.integer('PDS_ARCHIVE_INTERVAL_HOURS', 0, 8_760) ?? 24
  const days = read.integer('PDS_ARCHIVE_DELETED_DAYS', 0, 3_650) ?? 30
  return {
    location: readStorageLocation(read, 'PDS_ARCHIVE'),
    intervalMs: hours * HOUR_MS,
    trustedKeys:
      read.list('PDS_ARCHIVE_TRUSTED_KEYS', 'a comma-separated list of did:keys', (key) =>
        key.startsWith('did:key:z'),
      ) ?? [],
    deletedKeptMs: days * 24 * HOUR_MS,
  }
}
