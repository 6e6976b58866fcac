/** The TIDs of one account, for revs and record keys: unique and increasing. */
import { createHash } from 'node:crypto'
import type { Clock } from '#src/ports/clock.ts'
import { nextTid } from '#src/protocol/tid.ts'

export class TidClock {
  readonly #clock: Clock
  readonly #clockId: number
  #last: string | null = null

  constructor(did: string, clock: Clock) {
    this.#clock = clock
    this.#clockId = createHash('sha256').update(did).digest().readUInt16BE() & 1023
  }

  next(after: string | null = null): string {
    const floor = after !== null && (this.#last === null || after > this.#last) ? after : this.#last
    this.#last = nextTid(this.#clock.now(), this.#clockId, floor)
    return this.#last
  }
}
