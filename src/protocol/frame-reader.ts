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
  cid: Uint8Array | undefined
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

function findRecords(ops: readonly FrameOp[], car: Uint8Array): void {
  const wanted = new Map<string, FrameOp[]>()
  for (const op of ops) {
    if (op.cid === undefined) continue
    const key = keyOf(op.cid, 0)
    const same = wanted.get(key)
    if (same === undefined) wanted.set(key, [op])
    else same.push(op)
  }
  if (wanted.size === 0) return
  let left = wanted.size
  for (const { start, end } of sections(car)) {
    for (const op of wanted.get(keyOf(car, start)) ?? []) {
      if (op.block === undefined) left--
      op.block = car.subarray(start + CID_LENGTH, end)
    }
    if (left <= 0) return
  }
}

const keyOf = (bytes: Uint8Array, at: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at, CID_LENGTH).toString('latin1')

/** Where the blocks of a CAR file of a commit begin, with their CIDs, and end. */
function* sections(car: Uint8Array): Generator<{ start: number; end: number }> {
  let isHeader = true
  for (let at = 0; at < car.length; ) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = car[at++]!
      length += (byte & 0x7f) * 2 ** shift
      // Also at the end of a truncated file.
      if (!(byte >= 0x80)) break
    }
    const end = at + length
    if (!isHeader && length >= CID_LENGTH && end <= car.length) yield { start: at, end }
    isHeader = false
    at = end
  }
}
