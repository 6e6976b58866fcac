/** Opens the storage for archives or backups that is configured. The SDK for S3 is loaded only if it is used. */
import type { StorageLocation } from '#src/config/storage-location.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'
import { folderStorage } from '#src/ports/archive-storage-folder.ts'
import { s3Storage } from '#src/ports/archive-storage-s3.ts'

/** `reserveBytes`: free bytes of a folder's disk below which nothing is stored. */
export async function openArchiveStorage(
  location: StorageLocation,
  { reserveBytes = 0 }: { reserveBytes?: number } = {},
): Promise<ArchiveStorage> {
  if (location.kind === 'folder') return folderStorage(location.path, { reserveBytes })
  return s3Storage(location)
}
