/** A log of commits in memory, as the sequencer would give it to a gateway: what is measured with it is the gateway. */
import { randomBytes } from 'node:crypto'
import { encode } from '@atproto/lex-cbor'
import type { EventSource } from '#src/gateway/events/replay.ts'
import type { LogSource } from '#src/gateway/firehose/fan-out.ts'
import { carFile } from '#src/protocol/car.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { encodeCommitEvent } from '#src/protocol/events.ts'
import { frame } from '#src/protocol/frames.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'

const collection = 'app.bsky.feed.post'
/** Nodes of the tree in each commit, so that a frame has some 2.5 kB. */
const nodes = Array.from({ length: 5 }, () => randomBytes(380)).map(
  (bytes) => [cidForCbor(bytes), bytes] as const,
)

/** A commit with one post of 300 bytes. */
function commitFrame(did: string, seq: number): Uint8Array {
  const createdAt = new Date(seq / 1000).toISOString()
  const text = `post ${seq} ${'of some words '.repeat(14)}`
  const record = encode({ $type: collection, text, createdAt, langs: ['en'] })
  const cid = cidForCbor(record)
  const rkey = seq.toString(32)
  const event = encodeCommitEvent({
    ...{ did, rev: rkey, commit: cid, since: null, prevData: null, time: createdAt },
    ops: [{ action: 'create', path: `${collection}/${rkey}`, cid }],
    blocks: carFile(cid, [...nodes, [cid, record]]),
  })
  return frame(event.kind, event.event, event.seqAt, seq)
}

export class EventLog implements LogSource, EventSource {
  readonly #events: LogEvent[] = []
  readonly #prepared: LogEvent[] = []
  readonly #indexes = new Map<number, number>()
  #seq = 1_790_000_000_000_000
  #grown = Promise.withResolvers<void>()

  get head(): number {
    return this.#seq
  }

  /** Makes the next events; they are in the log when they are released. */
  prepare(dids: readonly string[]): void {
    for (const did of dids) {
      const seq = this.#seq + this.#prepared.length + 1
      this.#prepared.push({ seq, seqCount: 1, frame: commitFrame(did, seq) })
    }
  }

  release(count: number): void {
    for (const event of this.#prepared.splice(0, count)) {
      this.#events.push(event)
      this.#seq = event.seq
      this.#indexes.set(event.seq, this.#events.length)
    }
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }

  async bounds() {
    return { first: 1, head: this.#seq }
  }

  async read({ after, limit }: { after: number; limit: number }) {
    const from = this.#indexes.get(after) ?? (after === this.#seq ? this.#events.length : 0)
    const events = this.#events.slice(from, from + limit)
    return { events, head: this.#seq, trimmed: 0, erased: 0 }
  }

  readAccounts(): never {
    throw new Error('not measured here')
  }

  async follow({ after }: { after: number }) {
    if (after >= this.#seq) await this.#grown.promise
    return this.read({ after, limit: 500 })
  }
}
