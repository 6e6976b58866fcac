/** The import that an account has under way: one at a time, a new one takes the place of the last. */
import type { Head } from '#src/account/head.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import type { TreeNode } from '#src/protocol/tree.ts'

/** The tree of an imported repo. */
export interface ImportedTree {
  tree: TreeNode
  /** Paths in order, and the CIDs of their records. */
  paths: string[]
  cids: string[]
}

export interface Placing extends ImportedTree {
  rev: string
  /** The first path that is not in its place yet. */
  next: number
}

export class OpenImport {
  readonly id: string
  /** Where the repo stood when the import began. */
  readonly head: Head
  readonly reader = new CarReader()
  pages = 0
  commit: Uint8Array | undefined
  /** By CID. */
  readonly nodes = new Map<string, Uint8Array>()
  nodeBytes = 0
  /** Where the records' blocks are staged, and how long they are. */
  readonly blocks = new Map<string, number>()
  readonly sizes: number[] = []
  placing: Placing | undefined
  /** Its calls run one after another, also if one arrives twice. */
  readonly mutex = new Mutex()

  constructor(id: string, head: Head) {
    this.id = id
    this.head = head
  }
}
