/** Reads firehose frames: the fields of an event, and of a commit's blocks only those of its records. */
import { CborReader } from '#src/protocol/cbor-reader.ts'
import { CID_LENGTH } from '#src/protocol/cid.ts'
import type { EventKind } from '#src/protocol/frames.ts'

/** What the event does not have is undefined. CIDs and blocks are views of the frame. */
export interface FrameFields {
  kind: EventKind
  did: string
  time: string
  rev?: string
  /** Of a commit: the rev of the one before it; undefined for the first one. */
  since?: string
  ops?: readonly FrameOp[]
  /** CID of the commit. */
  commit?: Uint8Array
  /** Of `#commit` and `#sync`: a CAR file. */
  blocks?: Uint8Array
  handle?: string
  active?: boolean
  status?: string
}

export interface FrameOp {
  action: string
  path: string
  cid: Buffer | undefined
  /** The record, if its block is in the frame. */
  block?: Uint8Array
}

/** Throws if it is not a frame of an event. */
export function readFrame(frame: Uint8Array): FrameFields {
  const reader = new CborReader(frame)
  const kind = readKind(reader)
  const fields: FrameFields = { kind, did: '', time: '' }
  for (let n = reader.map(); n > 0; n--) readField(reader, reader.text(), fields)
  if (fields.ops !== undefined && fields.blocks !== undefined)
    findRecords(fields.ops, fields.blocks)
  return fields
}

/** Reads no more than the header. */
export function frameKind(frame: Uint8Array): EventKind {
  return readKind(new CborReader(frame))
}

function readKind(reader: CborReader): EventKind {
  let kind = ''
  for (let n = reader.map(); n > 0; n--) {
    if (reader.text() === 't') kind = reader.text()
    else reader.skip()
  }
  return kind as EventKind
}

function readField(reader: CborReader, name: string, fields: FrameFields): void {
  switch (name) {
    case 'did':
    case 'repo':
      fields.did = reader.text()
      return
    case 'time':
    case 'rev':
    case 'handle':
    case 'status':
      fields[name] = reader.text()
      return
    case 'active':
      fields.active = reader.bool()
      return
    case 'since':
      readSince(reader, fields)
      return
    case 'blocks':
      fields.blocks = reader.bytes()
      return
    case 'commit':
      readCommit(reader, fields)
      return
    case 'ops':
      fields.ops = Array.from({ length: reader.array() }, () => readOp(reader))
      return
    default:
      reader.skip()
  }
}

function readSince(reader: CborReader, fields: FrameFields): void {
  const since = reader.textOrNull()
  if (since !== undefined) fields.since = since
}

function readCommit(reader: CborReader, fields: FrameFields): void {
  const commit = reader.link()
  if (commit !== undefined) fields.commit = commit
}

function readOp(reader: CborReader): FrameOp {
  const op: FrameOp = { action: '', path: '', cid: undefined }
  for (let n = reader.map(); n > 0; n--) {
    const name = reader.text()
    if (name === 'action' || name === 'path') op[name] = reader.text()
    else if (name === 'cid') op.cid = reader.link()
    else reader.skip()
  }
  return op
}

function findRecords(ops: readonly FrameOp[], blocks: Uint8Array): void {
  const wanted = new Map<number, FrameOp[]>()
  for (const op of ops) {
    if (op.cid?.length !== CID_LENGTH) continue
    const key = keyOf(op.cid, 0)
    const same = wanted.get(key)
    if (same === undefined) wanted.set(key, [op])
    else same.push(op)
  }
  if (wanted.size === 0) return
  const car = Buffer.from(blocks.buffer, blocks.byteOffset, blocks.byteLength)
  for (let at = endOfSection(car, 0); at < car.length; ) {
    const end = endOfSection(car, at)
    const start = startOfSection(car, at)
    if (end - start >= CID_LENGTH && end <= car.length) {
      for (const op of wanted.get(keyOf(car, start)) ?? []) {
        const isSame = car.compare(op.cid!, 0, CID_LENGTH, start, start + CID_LENGTH) === 0
        if (isSame) op.block = car.subarray(start + CID_LENGTH, end)
      }
    }
    at = end
  }
}

/** The first bytes of a CID's digest. */
const keyOf = (bytes: Uint8Array, at: number): number =>
  bytes[at + 4]! * 0x1_000_000 + (bytes[at + 5]! << 16) + (bytes[at + 6]! << 8) + bytes[at + 7]!

/** After the section's length, a varint. */
function startOfSection(car: Uint8Array, at: number): number {
  let start = at
  while (start < car.length && car[start]! >= 0x80) start++
  return start + 1
}

function endOfSection(car: Uint8Array, at: number): number {
  const start = startOfSection(car, at)
  let length = 0
  for (let i = start - 1; i >= at; i--) length = length * 0x80 + ((car[i] ?? 0) & 0x7f)
  return start + length
}
