/** Where `headwater backup` stores backups, how long they are kept, and the key of backups and archives. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { readStorageLocation, type StorageLocation } from '#src/config/storage-location.ts'
import { parseRetention } from '#src/retention.ts'

export interface BackupConfig {
  location: StorageLocation | undefined
  /** Such as `7d4w12m`. */
  keep: string | undefined
  /** 32 bytes in hexadecimal digits. Without it backups are not encrypted, and archives have no private part. */
  keyHex: string | undefined
}

export function readBackup(read: EnvironmentReader): BackupConfig {
  return {
    location: readStorageLocation(read, 'PDS_BACKUP'),
    keep: read.checked('PDS_BACKUP_KEEP', 'days, weeks and months, such as 7d4w12m', isRetention),
    keyHex: read.secret('PDS_BACKUP_KEY_HEX', '64 hex digits (openssl rand -hex 32)', (value) =>
      /^[0-9a-f]{64}$/i.test(value),
    ),
  }
}

function isRetention(text: string): boolean {
  return parseRetention(text) !== undefined
}
