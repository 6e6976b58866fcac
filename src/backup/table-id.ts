/**
 * What tells a table of a RocksDB store (*.sst) from all others without reading all of it.
 *
 * Tables are never changed, but numbers, and so names, are given again after an older copy of the store was restored. At
 * its end each table says by which opening of which store it was written, and under which number: the hash of that end
 * is its own, in every copy and on every machine.
 */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** Properties, index of the properties, and footer take some kilobytes. */
const END_BYTES = 64 * 1024
/** The end of `rocksdb.creating.session.identity`: what a name has in common with the one before is not repeated. */
const SESSION = 'session.identity'

/** Undefined for a file that is not a table, or whose RocksDB did not write its session identity. */
export async function tableIdOf(path: string): Promise<string | undefined> {
  await using file = await open(path)
  const { size } = await file.stat()
  const length = Math.min(size, END_BYTES)
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(length),
    0,
    length,
    Math.max(0, size - length),
  )
  if (bytesRead < length || !buffer.includes(SESSION)) return undefined
  return `${size}-${createHash('sha256').update(buffer).digest('hex')}`
}
