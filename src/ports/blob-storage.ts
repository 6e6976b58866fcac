/** Storage for blob bytes: temporary uploads, permanent blobs, and quarantined blobs. */

/**
 * All moves and deletions are idempotent. Moves resolve with false if the blob does not exist; `delete` covers
 * quarantined blobs too. `check` rejects if the storage cannot be used.
 */
export interface BlobStorage {
  /**
   * Stores a temporary upload; resolves with its key when it is durable. If the source fails, rejects with its error
   * and keeps nothing. Throws 504 if the storage is too slow.
   */
  putTemp(did: string, source: AsyncIterable<Uint8Array>): Promise<string>
  makePermanent(did: string, key: string, cid: string): Promise<boolean>
  /** A permanent blob; undefined if it does not exist or is quarantined. */
  open(did: string, cid: string): Promise<OpenBlob | undefined>
  openTemp(did: string, key: string): Promise<OpenBlob | undefined>
  quarantine(did: string, cid: string): Promise<boolean>
  unquarantine(did: string, cid: string): Promise<boolean>
  delete(did: string, cids: readonly string[]): Promise<void>
  deleteTemps(did: string, keys: readonly string[]): Promise<void>
  deleteAll(did: string): Promise<void>
  /** All temporary uploads older than `before` (ms since 1970), grouped by account. */
  listTemps(before: number): AsyncIterable<TempUpload>
  check(): Promise<void>
}

export interface TempUpload {
  did: string
  key: string
}

/** `size` is in bytes. Either `bytes` or one `part` can be read, once. Call `close` unless they are read to the end. */
export interface OpenBlob {
  size: number
  bytes: AsyncIterable<Uint8Array>
  /** `start` and `end` are inclusive. */
  part(start: number, end: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Throws if `name` is not safe as a part of a path or key (path traversal). */
export function safeName(name: string): string {
  if (!/^[\w.:%-]+$/.test(name) || /^\.+$/.test(name)) throw new Error('unsafe blob name')
  return name
}
