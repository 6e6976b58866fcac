/** The import in progress of an account: one at a time, a new one replaces the previous one. */
import type { Head } from '#src/account/head.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import type { TreeNode } from '#src/protocol/tree.ts'

export interface ImportedTree {
  tree: TreeNode
  /** Paths in order, and the CIDs of their records. */
  paths: string[]
  cids: string[]
}

export interface Placing extends ImportedTree {
  rev: string
  /** Index of the first path that is not placed yet. */
  next: number
}

export class OpenImport {
  readonly id: string
  readonly head: Head
  readonly reader = new CarReader()
  pages = 0
  commit: Uint8Array | undefined
  readonly nodes = new Map<string, Uint8Array>()
  nodeBytes = 0
  /** CID of a record's block → id of its staged block, which is its index in `sizes`. */
  readonly blocks = new Map<string, number>()
  readonly sizes: number[] = []
  placing: Placing | undefined
  readonly mutex = new Mutex()

  constructor(id: string, head: Head) {
    this.id = id
    this.head = head
  }
}
