/**
 * Backups of a server in a bucket. What they share is stored once, under a name made of its content:
 *
 *     objects/ab/abcd…              a file
 *     backups/<id>/files.jsonl      which files a backup has
 *     backups/<id>/backup.json      that it is complete
 *     locks/<name>                  of who writes (`src/backup/repository-lock.ts`)
 *
 * With a key all but the locks is encrypted, and the names of objects do not tell what is in them.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { type BackupNote, noteText, parseNote } from '#src/backup/backup-note.ts'
import { type FileIndex, TextSet } from '#src/backup/file-index.ts'
import { LISTING, listingOf, readListing } from '#src/backup/listing.ts'
import { isSealed, opened, sealed } from '#src/backup/sealed-stream.ts'
import { type ArchiveStorage, readObject } from '#src/ports/archive-storage.ts'

const OBJECTS = 'objects/'
const BACKUPS = 'backups/'
const MAX_NOTE_BYTES = 64 * 1024

type Bytes = AsyncIterable<Uint8Array>

export class BackupRepository {
  readonly storage: ArchiveStorage
  readonly #key: Uint8Array | undefined
  readonly #nameKey: Buffer | undefined

  /** `key` has 32 bytes; undefined for no encryption. */
  constructor(storage: ArchiveStorage, key: Uint8Array | undefined) {
    this.storage = storage
    this.#key = key
    this.#nameKey =
      key && Buffer.from(hkdfSync('sha256', key, '', 'headwater backup object names', 32))
  }

  get name(): string {
    return this.storage.name
  }

  get isEncrypted(): boolean {
    return this.#key !== undefined
  }

  /** Complete ones, the oldest first. */
  async ids(): Promise<string[]> {
    const ids: string[] = []
    for (const id of await this.allIds()) {
      if ((await this.storage.sizeOf(noteKey(id))) !== undefined) ids.push(id)
    }
    return ids
  }

  /** With those that are not complete. */
  async allIds(): Promise<string[]> {
    const ids: string[] = []
    for await (const id of this.storage.folders(BACKUPS)) ids.push(id)
    return ids.toSorted()
  }

  /** Throws if there is none, if it is damaged, or if the key is another one. */
  async readNote(id: string): Promise<BackupNote> {
    const object = await this.storage.get(noteKey(id))
    if (object === undefined) throw new Error(`${this.name} has no complete backup ${id}`)
    const text = await readObject(object, MAX_NOTE_BYTES)
    return parseNote(await readText(this.#decrypted([text], noteKey(id))), id)
  }

  async readFiles(id: string, { listing }: BackupNote): Promise<FileIndex> {
    if (listing === undefined) throw new Error(`backup.json of ${id} is damaged`)
    const bytes = this.#read(filesKey(id))
    return readListing(bytes, listing.sha256, id)
  }

  /** Writes the list of files, and last the note that makes the backup complete. */
  async writeBackup(id: string, files: FileIndex, note: BackupNote): Promise<void> {
    await this.#write(filesKey(id), Readable.from(listingOf(files)))
    await this.#write(noteKey(id), Readable.from([Buffer.from(noteText(note))]))
  }

  /** From then on it is no backup. */
  async deleteBackup(id: string): Promise<void> {
    await this.storage.delete([noteKey(id)])
    await this.storage.delete([filesKey(id)])
  }

  /** The key of the object with this content. */
  keyOf(sha256: string): string {
    const name =
      this.#nameKey === undefined
        ? sha256
        : createHmac('sha256', this.#nameKey).update(sha256).digest('hex')
    return `${OBJECTS}${name.slice(0, 2)}/${name}`
  }

  /** The keys of all objects, of unfinished backups too. */
  async objects(): Promise<TextSet> {
    const keys = new TextSet()
    for await (const { key } of this.storage.list(OBJECTS)) keys.add(key)
    return keys
  }

  /** Stores a file. Rejects, and keeps nothing, if its content does not have this hash. */
  putFile(sha256: string, content: Bytes): Promise<void> {
    const checked = verified(content, sha256, () => new ChangedFile())
    return this.#write(this.keyOf(sha256), checked)
  }

  /** Throws, at the end if not before, if the content is not what was stored. `path` is for messages. */
  openFile(sha256: string, path: string): AsyncGenerator<Uint8Array> {
    const content = this.#read(this.keyOf(sha256), path)
    return verified(content, sha256, () => damaged(path))
  }

  #write(key: string, content: Bytes): Promise<void> {
    return this.storage.put(key, this.#key ? sealed(content, this.#key, key) : content)
  }

  async *#read(key: string, path = key): AsyncGenerator<Uint8Array> {
    const object = await this.storage.get(key)
    if (object === undefined) throw new Error(`${path} is missing in ${this.name}`)
    try {
      yield* this.#decrypted(object.bytes, key)
    } catch (cause) {
      throw path === key ? cause : new Error(`${path}: ${(cause as Error).message}`, { cause })
    } finally {
      await object.close()
    }
  }

  async *#decrypted(content: Bytes | Iterable<Uint8Array>, key: string) {
    const bytes = Readable.from(content)
    if (this.#key !== undefined) return yield* opened(bytes, this.#key, key)
    let isFirst = true
    for await (const chunk of bytes as Bytes) {
      if (isFirst && key.startsWith(BACKUPS) && isSealed(chunk)) {
        throw new Error(`${this.name} is encrypted: set PDS_BACKUP_KEY_HEX`)
      }
      isFirst = false
      yield chunk
    }
  }
}

/** A file that is written to while it is read. */
export class ChangedFile extends Error {
  constructor() {
    super('the file changed while it was read')
  }
}

export function damaged(path: string): Error {
  return new Error(`${path} is damaged in the backup: its content is not what was backed up`)
}

/** Passes the content on, and throws instead of ending if it does not have this hash. */
export async function* verified(
  content: Bytes,
  sha256: string,
  error: () => Error,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') !== sha256) throw error()
}

const noteKey = (id: string) => `${BACKUPS}${id}/backup.json`
const filesKey = (id: string) => `${BACKUPS}${id}/${LISTING}`
