/** One event of an account, as subscribers to events are sent it: an operation of a commit, or another event. */
import { cidFromBytes } from '#src/protocol/cid.ts'
import type { FrameOp } from '#src/protocol/frame-reader.ts'
import { recordJson } from '#src/protocol/record-json.ts'

/** How a stream writes an event. Each is written once for all subscribers of this process. */
export interface Encoding {
  /** JSON text; undefined for an event that the stream does not have. */
  encode(event: StreamEvent): string | undefined
}

export interface StreamEventFields {
  /** Microseconds since 1970; increases with every event of the server. */
  seq: number
  did: string
  /** `commit`, `identity`, `account`, `sync`, or the kind of a private event without its `#`, such as `session`. */
  kind: string
  /** ISO 8601: when the account wrote it. */
  time: string
  /** Private events are only for the account itself, as far as its credentials go. */
  isPrivate?: boolean
  /** Of a commit: one of its operations. */
  commit?: CommitOperation
  identity?: { handle?: string }
  account?: { active: boolean; status?: string }
  sync?: { rev: string; blocks: Uint8Array }
  /** Of a private event: the session, grant or app password that it is about. Not for clients. */
  subject?: string
  /** Of a private event: its public fields, as the text of a JSON object. */
  body?: string
}

export class StreamEvent {
  readonly seq: number
  readonly did: string
  readonly kind: string
  readonly time: string
  readonly isPrivate: boolean
  readonly commit: CommitOperation | undefined
  readonly identity: { handle?: string } | undefined
  readonly account: { active: boolean; status?: string } | undefined
  readonly sync: { rev: string; blocks: Uint8Array } | undefined
  readonly subject: string | undefined
  readonly body: string | undefined
  #frames: Map<Encoding, Buffer | undefined> | undefined

  constructor(fields: StreamEventFields) {
    this.seq = fields.seq
    this.did = fields.did
    this.kind = fields.kind
    this.time = fields.time
    this.isPrivate = fields.isPrivate ?? false
    this.commit = fields.commit
    this.identity = fields.identity
    this.account = fields.account
    this.sync = fields.sync
    this.subject = fields.subject
    this.body = fields.body
  }

  get collection(): string | undefined {
    return this.commit?.collection
  }

  /** Its WebSocket frames that have been made; undefined in place of one if the stream does not have the event. */
  frames(): Map<Encoding, Buffer | undefined> {
    this.#frames ??= new Map()
    return this.#frames
  }
}

export class CommitOperation {
  readonly rev: string
  readonly operation: string
  readonly collection: string
  readonly rkey: string
  /** Which one of the commit's `count` operations it is, from 0. */
  readonly index: number
  readonly count: number
  readonly #op: FrameOp
  readonly #commit: Uint8Array | undefined

  constructor(
    op: FrameOp,
    of: { rev: string; index: number; count: number; commit: Uint8Array | undefined },
  ) {
    const slash = op.path.indexOf('/')
    this.operation = op.action
    this.collection = op.path.slice(0, slash)
    this.rkey = op.path.slice(slash + 1)
    this.rev = of.rev
    this.index = of.index
    this.count = of.count
    this.#op = op
    this.#commit = of.commit
  }

  /** Of the record; undefined for a delete. */
  get cid(): string | undefined {
    return this.#op.cid && cidFromBytes(this.#op.cid)
  }

  /** Of the commit. */
  get commitCid(): string | undefined {
    return this.#commit && cidFromBytes(this.#commit)
  }

  /** The record as JSON text; undefined for a delete. Not kept: what is made of it is. */
  recordJson(): string | undefined {
    return this.#op.block && recordJson(this.#op.block)
  }

  get recordBytes(): number {
    return this.#op.block?.length ?? 0
  }
}
