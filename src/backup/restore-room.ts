/** Whether the disks have room for what is restored, before it begins. */
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { BackedUpFile } from '#src/backup/backup-note.ts'
import { type BackupSource, isShared } from '#src/backup/backup-source.ts'
import { sizeOf } from '#src/backup/link-or-copy.ts'
import { sizeText } from '#src/ports/size-text.ts'

const MARGIN_BYTES = 64 * 1024 * 1024

/** Throws if a disk has less free bytes than the files that are missing there take, apart from links. */
export async function mustHaveRoom(
  { files, folder }: BackupSource,
  placeOf: (file: BackedUpFile) => string | undefined,
  freeBytes: (path: string) => number | undefined,
): Promise<void> {
  const needs = new Map<number, { path: string; bytes: number }>()
  const disks = new Map<string, { path: string; dev: number }>()
  const source = folder && statSync(folder).dev
  for (const file of files.below()) {
    const place = placeOf(file)
    if (place === undefined) continue
    const parent = dirname(place)
    const disk = disks.get(parent) ?? diskOf(parent)
    // A folder for each account.
    if (disks.size < 1_000) disks.set(parent, disk)
    if (source === disk.dev && isShared(file)) continue
    if ((await sizeOf(place)) === file.bytes) continue
    const need = needs.get(disk.dev) ?? { path: disk.path, bytes: MARGIN_BYTES }
    need.bytes += file.bytes
    needs.set(disk.dev, need)
  }
  for (const { path, bytes } of needs.values()) {
    const free = freeBytes(path)
    if (free === undefined || free >= bytes) continue
    throw new Error(
      `the restore needs ${sizeText(bytes)} on the disk of ${path}, which has ${sizeText(free)} free: nothing was written`,
    )
  }
}

/** The nearest folder that exists. */
function diskOf(path: string): { path: string; dev: number } {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? diskOf(dirname(path)) : { path, dev: found.dev }
}
