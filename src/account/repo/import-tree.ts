/** The tree of an imported repo: read from its root, and verified to be the canonical one for its records. */
import { isValidNsid, isValidRecordKey } from '@atproto/syntax'
import type { XrpcError } from '#src/errors.ts'
import { nextTurn } from '#src/ports/pause.ts'
import type { BlockPlace } from '#src/protocol/block-index.ts'
import { badRepo, readNode } from '#src/protocol/repo-blocks.ts'
import { cidOf, emptyTree, encodeNode, layerOf, type TreeNode } from '#src/protocol/tree.ts'

/** The blocks of a CAR file. */
export interface RepoBlocks {
  find(cid: string): BlockPlace | undefined
  read(places: readonly BlockPlace[]): Promise<Uint8Array[]>
}

// Of an invalid path in an error message.
const MAX_SHOWN_LENGTH = 1024
// After so many bytes of nodes other work has its turn.
const TURN_BYTES = 64 * 1024
// Siblings are read together, up to this many bytes.
const GROUP_BYTES = 256 * 1024

/**
 * Reads the tree below `root`. Throws 400 if a node or a record is missing, if a node is malformed, if paths are invalid
 * or not in order, if there are more than `maxRecords`, or if the tree is not the canonical one for its records.
 */
export async function readTree(
  root: string,
  blocks: RepoBlocks,
  maxRecords: number,
): Promise<TreeNode> {
  const [bytes] = await blocks.read([placeOfNode(blocks, root)])
  return new TreeReader(blocks, maxRecords).read(root, bytes!, undefined)
}

function placeOfNode(blocks: RepoBlocks, cid: string): BlockPlace {
  const place = blocks.find(cid)
  if (place === undefined) throw badRepo(`tree node ${cid} is missing`)
  return place
}

class TreeReader {
  readonly #blocks: RepoBlocks
  readonly #maxRecords: number
  #records = 0
  #bytesInTurn = 0
  #lastKey = ''
  #lastCollection = ''

  constructor(blocks: RepoBlocks, maxRecords: number) {
    this.#blocks = blocks
    this.#maxRecords = maxRecords
  }

  /** `expected` is the layer below the parent's; undefined for the root. */
  async read(cid: string, bytes: Uint8Array, expected: number | undefined): Promise<TreeNode> {
    this.#bytesInTurn += bytes.length
    if (this.#bytesInTurn > TURN_BYTES) {
      await nextTurn()
      this.#bytesInTurn = 0
    }
    const { left, entries } = readNode(bytes)
    const keys = entries.map(({ key }) => key)
    const values = entries.map(({ value }) => value)
    const links = [left, ...entries.map(({ right }) => right)]
    const [first] = keys
    if (first === undefined && expected === undefined) return readEmptyTree(cid)
    // First of all, because it bounds the length of keys: a small node can have many that are long and share a prefix.
    for (const key of keys) this.#checkPath(key)
    const layer = first === undefined ? expected! : layerOf(first)
    const isPlaced =
      (expected ?? layer) === layer &&
      keys.every((key) => layerOf(key) === layer) &&
      (layer > 0 || links.every((link) => link === null)) &&
      (first !== undefined || left !== null)
    if (!isPlaced) throw notCanonical()
    const subtrees = await this.#readBelow(keys, values, links, layer - 1)
    const node: TreeNode = { layer, keys, values, subtrees, cid }
    // There is one encoding, and no other node has this CID.
    if (Buffer.compare(encodeNode(node), bytes) !== 0) throw notCanonical()
    return node
  }

  async #readBelow(
    keys: readonly string[],
    values: readonly string[],
    links: readonly (string | null)[],
    layer: number,
  ): Promise<(TreeNode | null)[]> {
    const subtrees: (TreeNode | null)[] = []
    let group: Uint8Array[] = []
    for (const [i, link] of links.entries()) {
      if (link === null) subtrees.push(null)
      else {
        if (group.length === 0) group = await this.#readGroup(links.slice(i))
        subtrees.push(await this.read(link, group.shift()!, layer))
      }
      if (i < keys.length) this.#takeRecord(keys[i]!, values[i]!)
    }
    return subtrees
  }

  // The first nodes of these, as many as should be in memory at once.
  async #readGroup(links: readonly (string | null)[]): Promise<Uint8Array[]> {
    const places: BlockPlace[] = []
    let bytes = 0
    for (const link of links) {
      if (link === null) continue
      const place = placeOfNode(this.#blocks, link)
      bytes += place.length
      if (places.length > 0 && bytes > GROUP_BYTES) break
      places.push(place)
    }
    return this.#blocks.read(places)
  }

  #takeRecord(key: string, cid: string): void {
    // Because of the strict order no node can repeat, which bounds the walk for any input.
    if (key <= this.#lastKey) throw outOfOrder()
    this.#lastKey = key
    this.#records++
    if (this.#records > this.#maxRecords) {
      throw badRepo(`it has more than ${this.#maxRecords} records`)
    }
    if (this.#blocks.find(cid) === undefined) {
      throw badRepo(`record ${cid} is missing (${key})`)
    }
  }

  // What getRecord and deleteRecord could not name must not come in.
  #checkPath(path: string): void {
    const slash = path.indexOf('/')
    const collection = path.slice(0, slash)
    const isNamed = slash > 0 && (collection === this.#lastCollection || isValidNsid(collection))
    if (!isNamed || !isValidRecordKey(path.slice(slash + 1))) {
      throw badRepo(`invalid path ${JSON.stringify(path.slice(0, MAX_SHOWN_LENGTH))}`)
    }
    this.#lastCollection = collection
  }
}

function readEmptyTree(cid: string): TreeNode {
  if (cid !== cidOf(emptyTree)) throw notCanonical()
  return emptyTree
}

function notCanonical(): XrpcError {
  return badRepo('its tree is not in canonical form')
}

function outOfOrder(): XrpcError {
  return badRepo('the paths of its tree are not in order')
}
