/** A record against its lexicon: from the JSON a caller sent to the block that is stored. */
import { encode } from '@atproto/lex-cbor'
import type { LexMap } from '@atproto/lex-data'
import { isValidRecordKey } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { records } from '#src/protocol/lexicons/records.ts'
import { type BlobRef, recordValue } from '#src/protocol/record-value.ts'

export type ValidationStatus = 'valid' | 'unknown'

export interface RecordInput {
  /** An NSID; the caller has checked it. */
  collection: string
  rkey: string
  /** A JSON value, with `$link` and `$bytes`. */
  record: unknown
  /** true: the type must be known and the record valid; false: no check; absent: checked where the type is known. */
  validate?: boolean
  /** Where in the request the record is, for messages. */
  at?: readonly (string | number)[]
}

export interface PreparedRecord {
  /** The record's block, DAG-CBOR. */
  bytes: Uint8Array
  cid: string
  /** Absent where no validation was wanted. */
  status: ValidationStatus | undefined
  /** The blobs it refers to, as it names them. */
  blobs: BlobRef[]
  /** What a follow, block, like or repost is about: a DID or an at:// URI. */
  backlinks: string[]
}

const known = new Map(records.map((schema) => [schema.$type as string, schema]))

/** Checks and encodes a record. Throws 400 InvalidRequest that says what is wrong with it. */
export function prepareRecord(input: RecordInput): PreparedRecord {
  const { collection, rkey, record, validate } = input
  if (!isValidRecordKey(rkey)) throw invalidRequest(`Invalid record key: ${rkey}`)
  const { value, blobs } = recordValue(record)
  const type = value['$type']
  if (type === undefined) value['$type'] = collection
  else if (type !== collection) {
    throw invalidRequest(`Invalid $type: expected ${collection}, got ${type}`)
  }
  const status = validate === false ? undefined : checkLexicon(input, value)
  const bytes = encode(value)
  return { bytes, cid: cidForCbor(bytes), status, blobs, backlinks: backlinks(collection, value) }
}

function checkLexicon(
  { collection, rkey, validate, at = ['record'] }: RecordInput,
  value: LexMap,
): ValidationStatus {
  const schema = known.get(collection)
  if (schema === undefined) {
    if (validate) throw invalidRequest(`Unknown lexicon type: ${collection}`)
    return 'unknown'
  }
  const key = schema.keySchema.safeValidate(rkey)
  if (!key.success) {
    throw invalidRequest(`Invalid record key for ${collection}: ${key.reason.message}`)
  }
  const result = schema.safeValidate(value, { path: at })
  if (!result.success) {
    throw invalidRequest(`Invalid ${collection} record: ${result.reason.message}`)
  }
  return 'valid'
}

/** Of these an account has only one for each subject (the reference's rule). */
function backlinks(collection: string, value: LexMap): string[] {
  const { subject } = value
  switch (collection) {
    case 'app.bsky.graph.follow':
    case 'app.bsky.graph.block':
      return typeof subject === 'string' ? [subject] : []
    case 'app.bsky.feed.like':
    case 'app.bsky.feed.repost': {
      const uri = subject && typeof subject === 'object' && (subject as LexMap)['uri']
      return typeof uri === 'string' ? [uri] : []
    }
    default:
      return []
  }
}
