/** Storage for archives and backups: a folder or a bucket, by key. */
import { safeName } from '#src/ports/blob-storage.ts'

/**
 * Keys are parts joined by slashes, each of letters, digits and `_ . : % -`, the first without a leading dot. All
 * operations may be repeated.
 */
export interface ArchiveStorage {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly name: string
  /**
   * Stores or replaces an object: when it resolves it is durable, and until then an earlier one stays. If the source
   * fails, rejects with its error and keeps nothing. Throws 507 InsufficientStorage if a disk is full, and 504 if a bucket
   * is too slow.
   */
  put(key: string, source: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>
  /** Undefined if there is none. */
  get(key: string): Promise<StoredObject | undefined>
  /** In bytes; undefined if there is no such object. */
  sizeOf(key: string): Promise<number | undefined>
  /** All objects whose keys begin with `prefix`, which is empty or ends with a slash; in no particular order. */
  list(prefix: string): AsyncIterable<{ key: string; size: number }>
  /** The next parts of the keys that begin with `prefix`, if more parts follow. */
  folders(prefix: string): AsyncIterable<string>
  /** Objects that do not exist are no error. */
  delete(keys: readonly string[]): Promise<void>
  /** Rejects if the storage cannot be used. */
  check(): Promise<void>
}

/** `size` is in bytes. `bytes` can be read once. Call `close` unless they are read to the end. */
export interface StoredObject {
  size: number
  bytes: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Throws if it could name something else than an object of this storage (path traversal). */
export function safeKey(key: string): string {
  if (key.startsWith('.')) throw new Error('unsafe key')
  return key.split('/').map(safeName).join('/')
}

/** As `safeKey`; empty, or with a slash at its end. */
export function safePrefix(prefix: string): string {
  if (prefix === '') return ''
  if (!prefix.endsWith('/')) throw new Error('a prefix ends with a slash')
  return `${safeKey(prefix.slice(0, -1))}/`
}

/** All of a small object. Throws if it is larger than `maxBytes`. */
export async function readObject(object: StoredObject, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of object.bytes) {
      size += chunk.length
      if (size > maxBytes) throw new Error(`larger than ${maxBytes} bytes`)
      chunks.push(chunk)
    }
  } finally {
    await object.close()
  }
  return new Uint8Array(Buffer.concat(chunks))
}
