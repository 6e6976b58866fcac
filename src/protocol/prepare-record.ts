/** Validates a record against its lexicon: from the JSON of a request to the block that is stored. */
import { decode, encode } from '@atproto/lex-cbor'
import type { LexMap } from '@atproto/lex-data'
import { isValidRecordKey } from '@atproto/syntax'
import { invalidRequest } from '#src/errors.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { records } from '#src/protocol/lexicons/records.ts'
import { subjectOf } from '#src/protocol/record-subject.ts'
import { type BlobRef, recordValue } from '#src/protocol/record-value.ts'

export type ValidationStatus = 'valid' | 'unknown'

/**
 * `collection` is an NSID that the caller has checked. `record` is JSON, with `$link` and `$bytes`; `at` is its path in
 * the request, for error messages. `validate` true: the lexicon must be known and the record valid; false: no
 * validation; absent: validated if the lexicon is known.
 */
export interface RecordInput {
  collection: string
  rkey: string
  record: unknown
  validate?: boolean
  at?: readonly (string | number)[]
}

export interface PreparedRecord {
  bytes: Uint8Array
  cid: string
  status: ValidationStatus | undefined
  blobs: BlobRef[]
  /** The subject of a follow, block, like or repost: a DID or an at:// URI; empty for other records. */
  subjects: string[]
}

const schemas = new Map(records.map((schema) => [schema.$type as string, schema]))

/** Throws 400 InvalidRequest with the reason. */
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
  const subject = subjectOf(value)
  const subjects = subject === null ? [] : [subject]
  return { bytes, cid: cidForCbor(bytes), status, blobs, subjects }
}

function checkLexicon(
  { collection, rkey, validate, at = ['record'] }: RecordInput,
  value: LexMap,
): ValidationStatus {
  const schema = schemas.get(collection)
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

/**
 * Whether a stored record is valid by its lexicon; an unknown lexicon accepts everything. Imported records, and those
 * written with `validate: false`, may be invalid. Old blobs and sizes of blobs are accepted, as for all reads.
 */
export function isValidRecord(collection: string, block: Uint8Array): boolean {
  const schema = schemas.get(collection)
  if (schema === undefined) return true
  try {
    return schema.safeValidate(decode(block), { strict: false }).success
  } catch {
    return false
  }
}
