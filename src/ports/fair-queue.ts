/**
 * A bounded queue that takes turns, by the holder of an entry and, if it names one, by its subject: many entries of one
 * holder, or for one subject, do not hold up the others, and do not take their room.
 */
import { SharedRoom } from '#src/ports/shared-room.ts'

export interface Waiting {
  /** Who waits. */
  holder: string
  /** What it waits for, if turns are taken by that, too. */
  subject?: string
  /** Called if there is no room for the entry, or if another one takes its place. */
  refuse(): void
}

interface QueueBounds {
  /** Entries in all, of one holder, and for one subject. */
  max: number
  maxPerHolder: number
  maxPerSubject?: number
}

export class FairQueue<T extends Waiting> {
  readonly #holders: SharedRoom<T>
  readonly #subjects: SharedRoom<T>
  /** In the order of their arrival. */
  readonly #waiting = new Set<T>()
  /** Of the holders and subjects that wait: when each last had a turn or, before that, began to wait. */
  readonly #turns = new Map<string, { turn: number; waiting: number }>()
  #turn = 0

  constructor({ max, maxPerHolder, maxPerSubject = max }: QueueBounds) {
    this.#holders = new SharedRoom({ max, maxPerHolder })
    this.#subjects = new SharedRoom({ max, maxPerHolder: maxPerSubject })
  }

  get size(): number {
    return this.#waiting.size
  }

  /** If there is no room, refuses the newest entry of the largest holder or subject, or this one if those have no more. */
  push(entry: T): void {
    const { holder, subject } = entry
    const isWithin =
      this.#holders.allows(holder) && (subject === undefined || this.#subjects.allows(subject))
    const displaced = isWithin && this.#holders.isFull ? this.#displacedBy(entry) : undefined
    if (!isWithin || (this.#holders.isFull && displaced === undefined)) {
      entry.refuse()
      return
    }
    if (displaced !== undefined) {
      this.remove(displaced)
      displaced.refuse()
    }
    this.#waiting.add(entry)
    this.#holders.add(holder, entry)
    if (subject !== undefined) this.#subjects.add(subject, entry)
    for (const name of namesOf(entry)) {
      const { turn, waiting } = this.#turns.get(name) ?? { turn: this.#turn, waiting: 0 }
      this.#turns.set(name, { turn, waiting: waiting + 1 })
    }
  }

  /** The oldest entry of those whose holder and subject have waited longest for a turn. */
  shift(): T | undefined {
    let next: T | undefined
    let nextTurns: Turns = [0, 0]
    for (const entry of this.#waiting) {
      const turns = this.#turnsOf(entry)
      if (next !== undefined && !isBefore(turns, nextTurns)) continue
      next = entry
      nextTurns = turns
    }
    if (next === undefined) return undefined
    this.#turn++
    for (const name of namesOf(next)) this.#turns.get(name)!.turn = this.#turn
    this.remove(next)
    return next
  }

  #displacedBy({ holder, subject }: T): T | undefined {
    const other = this.#holders.displacedBy(holder)
    if (other !== undefined || subject === undefined) return other
    return this.#subjects.displacedBy(subject)
  }

  /** Withdraws an entry; nothing if it has had its turn or was refused. */
  remove(entry: T): void {
    if (!this.#waiting.delete(entry)) return
    this.#holders.remove(entry.holder, entry)
    if (entry.subject !== undefined) this.#subjects.remove(entry.subject, entry)
    for (const name of namesOf(entry)) {
      const known = this.#turns.get(name)!
      known.waiting--
      if (known.waiting === 0) this.#turns.delete(name)
    }
  }

  #turnsOf(entry: T): Turns {
    const turns = namesOf(entry).map((name) => this.#turns.get(name)!.turn)
    return [Math.max(...turns), Math.min(...turns)]
  }
}

type Turns = readonly [latest: number, earliest: number]

function isBefore([latest, earliest]: Turns, [otherLatest, otherEarliest]: Turns): boolean {
  return latest === otherLatest ? earliest < otherEarliest : latest < otherLatest
}

function namesOf({ holder, subject }: Waiting): string[] {
  return subject === undefined ? [`by ${holder}`] : [`by ${holder}`, `for ${subject}`]
}
