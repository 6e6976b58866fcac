/** The four firehose events, encoded without their seq (com.atproto.sync.subscribeRepos). */
import { CborWriter } from '#src/protocol/cbor.ts'
import { type EncodedEvent, type EventKind, eventBody } from '#src/protocol/frames.ts'

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

export function encodeCommitEvent(event: CommitEvent): EncodedEvent {
  const encoded = encode('#commit', [
    ['ops', () => encodeOps(event.ops)],
    ['rev', () => writer.text(event.rev)],
    ['repo', () => writer.text(event.did)],
    ['time', () => writer.text(event.time)],
    ['blobs', () => writer.array(0)],
    ['since', () => (event.since === null ? writer.null() : writer.text(event.since))],
    ['blocks', () => writer.bytes(event.blocks)],
    ['commit', () => writer.link(event.commit)],
    ['rebase', () => writer.bool(false)],
    ['tooBig', () => writer.bool(false)],
    ...unlessAbsent('prevData', event.prevData, (value) => writer.link(value)),
  ])
  return { ...encoded, head: event.commit, rev: event.rev }
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

export function encodeSyncEvent(event: SyncEvent): EncodedEvent {
  const encoded = encode('#sync', [
    ['did', () => writer.text(event.did)],
    ['rev', () => writer.text(event.rev)],
    ['time', () => writer.text(event.time)],
    ['blocks', () => writer.bytes(event.blocks)],
  ])
  return { ...encoded, head: event.commit, rev: event.rev }
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
