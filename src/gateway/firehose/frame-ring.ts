/** The most recent frames, encoded for the wire; all live subscribers are served from it. */
import { frameMessages } from '#src/gateway/firehose/websocket-frame.ts'

interface Segment {
  seqs: readonly number[]
  /** End offset of each frame in `bytes`. */
  ends: readonly number[]
  bytes: Buffer
  /** How many frames had been appended to the ring before these. */
  ordinal: number
}

export interface RingLimits {
  frames: number
  bytes: number
}

const defaultLimits: RingLimits = { frames: 8_192, bytes: 32 * 1024 * 1024 }

const firstOf = ({ seqs }: Segment): number => seqs[0]!
const lastOf = ({ seqs }: Segment): number => seqs.at(-1)!

export class FrameRing {
  readonly #limits: RingLimits
  #segments: Segment[] = []
  #bytes = 0
  #count = 0
  #floor = 0
  #head = 0

  constructor(limits: RingLimits = defaultLimits) {
    this.#limits = limits
  }

  get head(): number {
    return this.#head
  }

  reset(seq: number): void {
    this.#segments = []
    this.#bytes = 0
    this.#floor = seq
    this.#head = seq
  }

  /** `events` must be the next of the log, without a gap. */
  append(events: readonly { seq: number; frame: Uint8Array }[]): void {
    if (events.length === 0) return
    const seqs = events.map(({ seq }) => seq)
    const { bytes, ends } = frameMessages(events.map(({ frame }) => frame))
    this.#segments.push({ seqs, ends, bytes, ordinal: this.#count })
    this.#bytes += bytes.length
    this.#count += seqs.length
    this.#head = seqs.at(-1)!
    while (this.#segments.length > 1 && this.#isOverfull()) this.#drop()
  }

  /** The head of the log may be later than its last event. */
  advance(seq: number): void {
    this.#head = Math.max(this.#head, seq)
  }

  /** Events before this seq were trimmed from the log, or may have been erased. */
  dropBefore(before: number): void {
    while (this.#segments.length > 0 && firstOf(this.#segments[0]!) < before) this.#drop()
  }

  /** Whether every event after `seq` is in the ring. */
  covers(seq: number): boolean {
    return seq >= this.#floor
  }

  /** The frames after a covered `seq`, up to the end of their segment (`last`); undefined if there are none yet. */
  after(seq: number): { bytes: Buffer; last: number } | undefined {
    const segment = this.#find(seq)
    if (segment === undefined) return undefined
    const passed = segment.seqs.findIndex((other) => other > seq)
    const bytes = passed === 0 ? segment.bytes : segment.bytes.subarray(segment.ends[passed - 1])
    return { bytes, last: lastOf(segment) }
  }

  countAfter(seq: number): number {
    const segment = this.#find(seq)
    if (segment === undefined) return 0
    return this.#count - segment.ordinal - segment.seqs.findIndex((other) => other > seq)
  }

  #find(seq: number): Segment | undefined {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (lastOf(this.#segments[middle]!) > seq) high = middle
      else low = middle + 1
    }
    return this.#segments[low]
  }

  #isOverfull(): boolean {
    const { frames, bytes } = this.#limits
    return this.#bytes > bytes || this.#count - this.#segments[0]!.ordinal > frames
  }

  #drop(): void {
    const dropped = this.#segments.shift()!
    this.#bytes -= dropped.bytes.length
    this.#floor = lastOf(dropped)
  }
}
