/** The import in progress of an account: one at a time, a new one replaces the previous one. */
import type { Head } from '#src/account/head.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { SpoolFile } from '#src/ports/spool.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { TreeNode } from '#src/protocol/tree.ts'

/** A repo that is verified, with all its records in the staging tables. */
export interface PreparedImport {
  readonly tree: TreeNode
  readonly rev: string
}

/** What replaces the repo in the same transaction, if an archive is restored. */
export interface ImportAddition {
  /** Run before the records are replaced. */
  statements: readonly Statement[]
  onEnd(): void
}

export class OpenImport {
  readonly id: string
  readonly head: Head
  /** The CAR file as it arrives. */
  readonly file: SpoolFile
  pages = 0
  /** Of the restore of an archive: the rest of the account's state as it arrives, sealed. */
  state: { parts: Uint8Array[]; bytes: number } | undefined
  addition: ((rev: string) => Promise<ImportAddition>) | undefined
  /** Begins with the first call of `finishImport`. */
  preparing: Promise<PreparedImport> | undefined
  /** The part of `preparing` that has a slot and uses the database and the file. */
  working: Promise<unknown> | undefined
  /** Rejected if the import is ended before it is done. */
  readonly interruption = Promise.withResolvers<never>()
  readonly mutex = new Mutex()

  constructor(id: string, head: Head, file: SpoolFile) {
    this.id = id
    this.head = head
    this.file = file
    this.interruption.promise.catch(() => {})
  }
}
