/** How large the engine's store is on the disk of this machine. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { walFiles } from '#src/ports/wal-files.ts'

export interface StoreSize {
  /** Of all its files, in bytes. */
  bytes: number
  /** Of its write-ahead log, in bytes: a start reads it again. */
  walBytes: number
}

/** `path` is the folder of the RocksDB store. */
export async function storeSize(path: string): Promise<StoreSize> {
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))))
  const log = new Set(walFiles(names))
  const walSizes = sizes.filter((_, i) => log.has(names[i]!))
  return { bytes: sum(sizes), walBytes: sum(walSizes) }
}

/** 0 if it was deleted meanwhile, as the files of a compaction are. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
