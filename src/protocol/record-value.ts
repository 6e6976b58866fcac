/**
 * A record's JSON to its value: links, bytes and blobs are recognised, everything else is rejected (data model
 * specification).
 */
import { isLegacyBlobRef, isTypedBlobRef, type LexMap, type LexValue } from '@atproto/lex-data'
import { parseLexBytes, parseLexLink } from '@atproto/lex-json'
import { invalidRequest } from '#src/errors.ts'

export interface RecordValue {
  value: LexMap
  blobs: BlobRef[]
}

export interface BlobRef {
  cid: string
  mimeType: string
  /** In bytes. */
  size: number
}

type JsonObject = Record<string, unknown>

// What consumers of repos accept (indigo's limits for nesting and containers).
const MAX_DEPTH = 32
const MAX_LIST_LENGTH = 65_536

/**
 * Converts a record's JSON, without changing it. Throws 400 for floats, unsafe integers, malformed `$link`, `$bytes`,
 * blobs and `$type`, legacy blobs, NUL characters, lone surrogates, `__proto__` and nesting beyond 32 levels.
 */
export function recordValue(json: unknown): RecordValue {
  if (!isObject(json)) throw invalidRequest('The record must be an object')
  const blobs: BlobRef[] = []
  const value = convert(json, 0, blobs)
  if (!isObject(value) || '$link' in json || '$bytes' in json || json['$type'] === 'blob') {
    throw invalidRequest('The record must be an object with a type of its own')
  }
  return { value: value as LexMap, blobs }
}

function convert(json: unknown, depth: number, blobs: BlobRef[]): LexValue {
  switch (typeof json) {
    case 'string':
      return checkedText(json)
    case 'boolean':
      return json
    case 'number':
      if (Number.isSafeInteger(json)) return json
      throw invalidRequest(`Numbers must be integers: ${json}`)
    case 'object':
      if (json === null) return null
      if (depth === MAX_DEPTH)
        throw invalidRequest(`The record is nested deeper than ${MAX_DEPTH} levels`)
      if (Array.isArray(json)) return list(json, depth, blobs)
      return special(json as JsonObject, blobs) ?? map(json as JsonObject, depth, blobs)
    default:
      throw invalidRequest('The record has a value that is not JSON')
  }
}

function list(json: unknown[], depth: number, blobs: BlobRef[]): LexValue {
  if (json.length > MAX_LIST_LENGTH) throw invalidRequest('A list in the record is too long')
  return json.map((item) => convert(item, depth + 1, blobs))
}

function map(json: JsonObject, depth: number, blobs: BlobRef[]): LexMap {
  const value: Record<string, LexValue> = {}
  for (const key of Object.keys(json)) {
    if (key === '__proto__') throw invalidRequest('Keys must not be "__proto__"')
    value[checkedText(key)] = convert(json[key], depth + 1, blobs)
  }
  return value
}

function special(json: JsonObject, blobs: BlobRef[]): LexValue | undefined {
  if (json['$link'] !== undefined) {
    return parseLexLink(json as LexMap, { flavor: 'dasl' }) ?? refuse('$link')
  }
  if (json['$bytes'] !== undefined) return parseLexBytes(json as LexMap) ?? refuse('$bytes')
  const type = json['$type']
  if (type === 'blob') return blob(json, blobs)
  if (type !== undefined && (typeof type !== 'string' || type === '')) return refuse('$type')
  if (type === undefined && isLegacyBlobRef(json, { strict: false })) {
    throw invalidRequest(`Legacy blobs are not allowed (${json['cid']})`)
  }
  return undefined
}

function blob(json: JsonObject, blobs: BlobRef[]): LexValue {
  const ref = json['ref']
  const cid = isObject(ref) ? parseLexLink(ref as LexMap, { flavor: 'raw' }) : undefined
  const value = { ...json, ref: cid }
  if (cid === undefined || !isTypedBlobRef(value)) return refuse('blob')
  checkedText(value.mimeType)
  blobs.push({ cid: cid.toString(), mimeType: value.mimeType, size: value.size })
  return value
}

// Rejects text that does not round-trip through UTF-8, or that some consumers of repos cannot store.
function checkedText(text: string): string {
  if (!text.isWellFormed()) throw invalidRequest('Text must be well-formed Unicode')
  if (text.includes('\0')) throw invalidRequest('Text must not have NUL characters')
  return text
}

function refuse(what: string): never {
  throw invalidRequest(`Invalid ${what} in the record`)
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
