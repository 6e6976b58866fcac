/** Adds files to a new backup in a repository: those whose content is there already are only named in it. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { FileIndex, type TextSet } from '#src/backup/file-index.ts'
import { READ_BYTES, sha256Of } from '#src/backup/hash-file.ts'
import { codeOf } from '#src/backup/link-or-copy.ts'
import { type BackupRepository, ChangedFile } from '#src/backup/repository.ts'
import { tableIdOf } from '#src/backup/table-id.ts'
import { Parallel } from '#src/ports/in-parallel.ts'

/** Each takes 10 MiB of memory at most. */
const UPLOADS_AT_ONCE = 6

interface UploadPorts {
  repository: BackupRepository
  /** Of the backup before; undefined if there is none that can be read. */
  earlier: FileIndex | undefined
  /** The keys of what is in the repository. */
  objects: TextSet
}

/** `upload`: a blob that is not complete, or has no record yet. */
type Kind = 'table' | 'blob' | 'upload' | 'other'

export class Upload implements Disposable {
  readonly files = new FileIndex()
  /** What was stored anew: that is, not in the repository before. */
  uploadedFiles = 0
  uploadedBytes = 0
  readonly #ports: UploadPorts
  readonly #running = new Parallel(UPLOADS_AT_ONCE)

  constructor(ports: UploadPorts) {
    this.#ports = ports
  }

  /**
   * Begins to add a file; resolves when the next one may be. A blob's name stands for its content. A blob that is gone is
   * left out, and so is an upload that changes while it is read.
   */
  async add(path: string, source: string, kind: Kind = 'other'): Promise<void> {
    await this.#running.add(() => this.#add(path, source, kind))
  }

  /** Resolves when all files are stored. */
  async settled(): Promise<void> {
    await this.#running.settled()
  }

  async #add(path: string, source: string, kind: Kind): Promise<void> {
    try {
      const { size: bytes } = await stat(source)
      if (this.files.get(path)?.bytes === bytes) return
      const tableId = kind === 'table' ? await tableIdOf(source) : undefined
      const known = tableId ? this.#ports.earlier?.byTableId(tableId) : undefined
      const named = kind === 'blob' ? this.#ports.earlier?.get(path) : undefined
      const earlier = [known, named].find((file) => file?.bytes === bytes && this.#isThere(file))
      const sha256 = earlier?.sha256 ?? (await this.#store(source, bytes))
      this.files.put({ path, bytes, sha256, tableId })
    } catch (error) {
      const isBlob = kind === 'blob' || kind === 'upload'
      const isGone = isBlob && codeOf(error) === 'ENOENT'
      if (!isGone && !(kind === 'upload' && error instanceof ChangedFile)) throw error
    }
  }

  /** A repository that has lost an object gets it again. */
  #isThere({ sha256 }: { sha256: string | undefined }): boolean {
    const { repository, objects } = this.#ports
    return sha256 !== undefined && objects.has(repository.keyOf(sha256))
  }

  async #store(source: string, bytes: number): Promise<string> {
    const { repository, objects } = this.#ports
    const sha256 = await sha256Of(source)
    const key = repository.keyOf(sha256)
    if (objects.has(key)) return sha256
    await repository.putFile(sha256, createReadStream(source, { highWaterMark: READ_BYTES }))
    objects.add(key)
    this.uploadedFiles++
    this.uploadedBytes += bytes
    return sha256
  }

  [Symbol.dispose](): void {
    this.files[Symbol.dispose]()
  }
}
