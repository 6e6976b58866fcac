/** Reads the blocks of a repo from another server: commits, tree nodes and records (repository specification). */
import { verifySignature } from '@atproto/crypto'
import { decode, encode } from '@atproto/lex-cbor'
import {
  enumBlobRefs,
  isCid as isCidLink,
  isTypedBlobRef,
  type LexMap,
  type LexValue,
} from '@atproto/lex-data'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import { isCid } from '#src/protocol/cid.ts'
import { subjectOf } from '#src/protocol/record-subject.ts'
import { isTid } from '#src/protocol/tid.ts'

export interface StoredNode {
  left: string | null
  entries: { key: string; value: string; right: string | null }[]
}

export interface StoredCommit {
  did: string
  rev: string
  data: string
  /** False if the did:key is malformed. */
  isSignedBy(didKey: string): Promise<boolean>
}

/**
 * `blobs` are CIDs without duplicates, of legacy blobs too. `subject` is that of a follow, block, like or repost, by
 * the record's own `$type`.
 */
export interface RecordReferences {
  blobs: string[]
  subject: string | null
}

// So that later readers of a record may recurse.
const MAX_DEPTH = 64

export function blockValue(bytes: Uint8Array): LexValue | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}

/** Throws 400 if it is not a commit of version 3. */
export function readCommit(bytes: Uint8Array): StoredCommit {
  const value = blockValue(bytes)
  if (!isMap(value)) throw badRepo('its root is not a commit')
  const { sig, ...unsigned } = value
  const { did, rev, data, version } = value
  const isComplete = typeof did === 'string' && typeof rev === 'string' && isCidLink(data)
  if (!isComplete || version !== 3 || !(sig instanceof Uint8Array)) {
    throw badRepo('its root is not a commit of version 3')
  }
  if (!isTid(rev)) throw badRepo('the rev of its commit is not a TID')
  const signed = encode(unsigned)
  return {
    did,
    rev,
    data: data.toString(),
    isSignedBy: async (didKey) => {
      try {
        return await verifySignature(didKey, signed, sig)
      } catch {
        return false
      }
    },
  }
}

/** Throws 400 if it is not a tree node. Does not check its CID. */
export function readNode(bytes: Uint8Array): StoredNode {
  const value = blockValue(bytes)
  if (!isMap(value) || !Array.isArray(value['e'])) throw badRepo('a tree node is malformed')
  let previous = ''
  const entries = value['e'].map((entry) => {
    if (!isMap(entry)) throw badRepo('a tree node is malformed')
    const { k, p, t, v } = entry
    const isComplete = k instanceof Uint8Array && typeof p === 'number' && isCidLink(v)
    if (!isComplete || p < 0 || p > previous.length) throw badRepo('a tree node is malformed')
    const key = previous.slice(0, p) + Buffer.from(k).toString('latin1')
    previous = key
    return { key, value: v.toString(), right: link(t) }
  })
  return { left: link(value['l']), entries }
}

/** Throws 400, with the `path`, if the value is not a record. */
export function readRecord(value: LexValue | undefined, path: string): RecordReferences {
  if (value === undefined) throw badRepo(`the record ${path} is not DAG-CBOR`)
  if (!isMap(value)) throw badRepo(`the block of ${path} is not a record`)
  checkDepth(value, 0, path)
  const blobs = new Set<string>()
  for (const ref of enumBlobRefs(value, { allowLegacy: true, strict: false })) {
    const cid = isTypedBlobRef(ref, { strict: false }) ? ref.ref.toString() : ref.cid
    // A blob with another CID cannot be uploaded, so it would be missing for ever.
    if (isCid(cid)) blobs.add(cid)
  }
  return { blobs: [...blobs], subject: subjectOf(value) }
}

function checkDepth(value: LexValue | undefined, depth: number, path: string): void {
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH) {
    throw badRepo(`the record ${path} is nested deeper than ${MAX_DEPTH} levels`)
  }
  if (Array.isArray(value)) for (const item of value) checkDepth(item, depth + 1, path)
  else if (isMap(value)) for (const item of Object.values(value)) checkDepth(item, depth + 1, path)
}

function link(value: LexValue | undefined): string | null {
  if (value === null || value === undefined) return null
  if (!isCidLink(value)) throw badRepo('a tree node is malformed')
  return value.toString()
}

function isMap(value: LexValue | undefined): value is LexMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Uint8Array) && !isCidLink(value)
}

export function badRepo(what: string): XrpcError {
  return invalidRequest(`The repo cannot be imported: ${what}`)
}
