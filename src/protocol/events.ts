/** The four firehose events, encoded without their seq (com.atproto.sync.subscribeRepos). */
import { firstBlockOf } from '#src/protocol/car.ts'
import { CborWriter } from '#src/protocol/cbor.ts'
import { CborReader } from '#src/protocol/cbor-reader.ts'
import { cidFromBytes } from '#src/protocol/cid.ts'
import {
  type CommitPlace,
  type EncodedEvent,
  type EventKind,
  eventBody,
} from '#src/protocol/frames.ts'

/** `prev` is the CID that an update or delete replaces. */
export interface CommitOp {
  action: 'create' | 'update' | 'delete'
  path: string
  cid: string | null
  prev?: string
}

export interface CommitEvent {
  did: string
  time: string
  commit: string
  rev: string
  since: string | null
  prevData: string | null
  ops: readonly CommitOp[]
  blocks: Uint8Array
}

const writer = new CborWriter()

type Field = [name: string, write: () => void]

// `fields` must be in DAG-CBOR order of their names; `seqAt` is where seq belongs, and no seq is written.
function encode(kind: EventKind, fields: readonly Field[]): EncodedEvent {
  let seqAt = 0
  writer.map(fields.length + 1)
  for (const [name, write] of fields) {
    // DAG-CBOR orders names by length first; of those with three letters `seq` is the last.
    if (seqAt === 0 && name.length > 3) {
      writer.text('seq')
      seqAt = writer.length
    }
    writer.text(name)
    write()
  }
  return { kind, event: writer.take(), seqAt }
}

function unlessAbsent<T>(
  name: string,
  value: T | null | undefined,
  write: (value: T) => void,
): Field[] {
  return value === null || value === undefined ? [] : [[name, () => write(value)]]
}

/** The first block of `blocks` is the commit's. */
export function encodeCommitEvent(event: CommitEvent): EncodedEvent {
  let opsLength = 0
  let blocksEnd = 0
  const encoded = encode('#commit', [
    [
      'ops',
      () => {
        const from = writer.length
        encodeOps(event.ops)
        opsLength = writer.length - from
      },
    ],
    ['rev', () => writer.text(event.rev)],
    ['repo', () => writer.text(event.did)],
    ['time', () => writer.text(event.time)],
    ['blobs', () => writer.array(0)],
    ['since', () => (event.since === null ? writer.null() : writer.text(event.since))],
    [
      'blocks',
      () => {
        blocksEnd = writer.bytes(event.blocks).length
      },
    ],
    ['commit', () => writer.link(event.commit)],
    ['rebase', () => writer.bool(false)],
    ['tooBig', () => writer.bool(false)],
    ...unlessAbsent('prevData', event.prevData, (value) => writer.link(value)),
  ])
  const place = placeOf(opsLength, event.blocks, blocksEnd)
  return { ...encoded, head: event.commit, rev: event.rev, place }
}

function placeOf(opsLength: number, blocks: Uint8Array, blocksEnd: number): CommitPlace {
  const { at, length } = firstBlockOf(blocks)
  return { opsLength, blockAt: blocksEnd - blocks.length + at, blockLength: length }
}

/**
 * Reads the operations of a #commit, as they are encoded there, at most `max` of them: `bytes` may end after those.
 * `count` is how many there are. Throws if they are not DAG-CBOR.
 */
export function readOps(
  bytes: Uint8Array,
  max = Number.POSITIVE_INFINITY,
): { ops: CommitOp[]; count: number } {
  const reader = new CborReader(bytes)
  const count = reader.array()
  return { ops: Array.from({ length: Math.min(count, max) }, () => readOp(reader)), count }
}

/** No operation is longer when encoded: a path has at most 317 + 1 + 512 bytes, and there are two CIDs. */
export const MAX_OP_BYTES = 1_000

function readOp(reader: CborReader): CommitOp {
  const op: CommitOp = { action: 'create', path: '', cid: null }
  for (let n = reader.map(); n > 0; n--) {
    const name = reader.text()
    if (name === 'action') op.action = reader.text() as CommitOp['action']
    else if (name === 'path') op.path = reader.text()
    else {
      const link = reader.link()
      const cid = link === undefined ? null : cidFromBytes(link)
      if (name === 'cid') op.cid = cid
      else if (name === 'prev' && cid !== null) op.prev = cid
    }
  }
  return op
}

/** How many operations an encoded `#commit` has. Throws if the event is not DAG-CBOR. */
export function countOps({ event, seqAt }: Pick<EncodedEvent, 'event' | 'seqAt'>): number {
  // As it is encoded here, the event begins with a map header, the name `ops`, and the header of the array.
  const [, nameLength, o, p, s, header = 0] = event
  const isFirst = nameLength === 0x63 && o === 0x6f && p === 0x70 && s === 0x73
  if (isFirst && header >= 0x80 && header < 0x98) return header - 0x80
  if (isFirst && header === 0x98) return event[6]!
  const { ops } = eventBody(event, seqAt)
  return Array.isArray(ops) ? ops.length : 0
}

function encodeOps(ops: readonly CommitOp[]): void {
  writer.array(ops.length)
  for (const op of ops) {
    writer
      .map(op.prev === undefined ? 3 : 4)
      .text('cid')
      .link(op.cid)
      .text('path')
      .text(op.path)
    if (op.prev !== undefined) writer.text('prev').link(op.prev)
    writer.text('action').text(op.action)
  }
}

export interface SyncEvent {
  did: string
  time: string
  commit: string
  rev: string
  blocks: Uint8Array
}

/** The first block of `blocks` is the commit's. */
export function encodeSyncEvent(event: SyncEvent): EncodedEvent {
  let blocksEnd = 0
  const encoded = encode('#sync', [
    ['did', () => writer.text(event.did)],
    ['rev', () => writer.text(event.rev)],
    ['time', () => writer.text(event.time)],
    [
      'blocks',
      () => {
        blocksEnd = writer.bytes(event.blocks).length
      },
    ],
  ])
  const place = placeOf(0, event.blocks, blocksEnd)
  return { ...encoded, head: event.commit, rev: event.rev, place }
}

export function encodeIdentityEvent(event: {
  did: string
  time: string
  handle?: string
}): EncodedEvent {
  return encode('#identity', [
    ['did', () => writer.text(event.did)],
    ['time', () => writer.text(event.time)],
    ...unlessAbsent('handle', event.handle, (value) => writer.text(value)),
  ])
}

export function encodeAccountEvent(event: {
  did: string
  time: string
  active: boolean
  status?: string
}): EncodedEvent {
  return encode('#account', [
    ['did', () => writer.text(event.did)],
    ['time', () => writer.text(event.time)],
    ['active', () => writer.bool(event.active)],
    ...unlessAbsent('status', event.status, (value) => writer.text(value)),
  ])
}
