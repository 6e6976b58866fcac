/** Where the bytes of blobs are kept: uploads that wait, blobs in their place, and blobs that are set aside. */

export interface BlobStorage {
  /**
   * Stores an upload and resolves with its key when it is durable. Rejects with the source's own error where that
   * breaks off, and leaves nothing of it. Throws 504 where the storage is too slow.
   */
  putTemp(did: string, source: AsyncIterable<Uint8Array>): Promise<string>
  /** Puts an upload in its place. May be repeated; false where there is neither the upload nor the blob. */
  makePermanent(did: string, key: string, cid: string): Promise<boolean>
  /** The blob in its place; undefined where it is not. */
  open(did: string, cid: string): Promise<OpenBlob | undefined>
  /** An upload that waits; undefined where there is none of that key. */
  openTemp(did: string, key: string): Promise<OpenBlob | undefined>
  /** Sets a blob aside. May be repeated; false where it is nowhere. */
  quarantine(did: string, cid: string): Promise<boolean>
  /** Puts it back. May be repeated; false where it is nowhere. */
  unquarantine(did: string, cid: string): Promise<boolean>
  /** Deletes blobs, in their places or set aside. May be repeated. */
  delete(did: string, cids: readonly string[]): Promise<void>
  /** Deletes uploads that wait. May be repeated. */
  deleteTemps(did: string, keys: readonly string[]): Promise<void>
  /** Deletes everything of an account. May be repeated. */
  deleteAll(did: string): Promise<void>
  /** All uploads that have waited since before `before` (ms since 1970), those of one account one after another. */
  listTemps(before: number): AsyncIterable<TempUpload>
  /** Resolves where the storage can be used; rejects where it cannot. */
  check(): Promise<void>
}

export interface TempUpload {
  did: string
  key: string
}

/** Bytes that are ready to be read, once. Whoever does not read them to their end calls `close`. */
export interface OpenBlob {
  /** Bytes. */
  size: number
  bytes: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** What may be part of a path or key: nothing that leads elsewhere. */
export function safeName(name: string): string {
  if (!/^[\w.:%-]+$/.test(name) || /^\.+$/.test(name)) throw new Error('not a name for a blob')
  return name
}
