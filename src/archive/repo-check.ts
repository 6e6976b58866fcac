/**
 * Reads the CAR file of a repo as it passes, and checks it: each block against its CID, that the tree is the one of its
 * records, and that these are all there. Only the nodes of the tree, and the digests of the records, are in memory.
 */
import { randomBytes } from 'node:crypto'
import { ArchiveProblem } from '#src/archive/problem.ts'
import { XrpcError } from '#src/errors.ts'
import { BlockIndex } from '#src/protocol/block-index.ts'
import { CarReader } from '#src/protocol/car-reader.ts'
import { cidDigest, cidFromBytes } from '#src/protocol/cid.ts'
import { readCommit, readNode, type StoredCommit } from '#src/protocol/repo-blocks.ts'
import { buildTree, cidOf, mayBeNode } from '#src/protocol/tree.ts'

export interface CheckedRepo extends StoredCommit {
  /** Of the commit. */
  root: string
  records: number
}

export class RepoCheck {
  readonly #reader = new CarReader()
  readonly #index = new BlockIndex(randomBytes(4).readUInt32LE())
  readonly #nodes = new Map<string, Uint8Array>()
  #commit: Uint8Array | undefined

  /** Throws `ArchiveProblem` if a block is not that of its CID. */
  push(chunk: Uint8Array): void {
    for (const { cid, bytes, at } of invalid(() => this.#reader.push(chunk))) {
      this.#index.add(cid.subarray(-32), { at, length: bytes.length })
      if (this.#commit === undefined && cidFromBytes(cid) === this.#reader.roots?.[0]) {
        this.#commit = Buffer.from(bytes)
      } else if (mayBeNode(bytes)) this.#nodes.set(cidFromBytes(cid), Buffer.from(bytes))
    }
  }

  /** Call it after the last chunk. Does not check the signature. Throws `ArchiveProblem`. */
  end(): CheckedRepo {
    return invalid(() => {
      this.#reader.end()
      const root = this.#reader.roots?.[0]
      if (root === undefined || this.#commit === undefined) {
        throw new ArchiveProblem('repo.car: its commit is missing')
      }
      const commit = readCommit(this.#commit)
      const paths: string[] = []
      const cids: string[] = []
      this.#collect(commit.data, paths, cids)
      if (cidOf(buildTree(paths, cids)) !== commit.data) {
        throw new ArchiveProblem('repo.car: its tree is not the one of its records')
      }
      return { ...commit, root, records: paths.length }
    })
  }

  #collect(cid: string, paths: string[], cids: string[]): void {
    const bytes = this.#nodes.get(cid)
    if (bytes === undefined) throw new ArchiveProblem(`repo.car: tree node ${cid} is missing`)
    const { left, entries } = readNode(bytes)
    if (left !== null) this.#collect(left, paths, cids)
    for (const { key, value, right } of entries) {
      const last = paths.at(-1)
      // The order also bounds the walk.
      if (last !== undefined && last >= key) {
        throw new ArchiveProblem('repo.car: the paths of its tree are not in order')
      }
      const digest = cidDigest(value)
      if (digest === undefined || this.#index.find(digest) === undefined) {
        throw new ArchiveProblem(`repo.car: the record ${key} is missing`)
      }
      paths.push(key)
      cids.push(value)
      if (right !== null) this.#collect(right, paths, cids)
    }
  }
}

function invalid<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof ArchiveProblem || !(error instanceof XrpcError)) throw error
    throw new ArchiveProblem(`repo.car: ${error.message}`)
  }
}
