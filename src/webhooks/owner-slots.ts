/**
 * Slots for the requests of all owners in a process. Each owner has some of its own, so that it never waits for the slow
 * endpoints of another; the others are shared, and given to the owners that wait in turn.
 */

interface OwnerWork {
  /** Slots of its own that are taken. */
  taken: number
  waiting: ((slot: Slot) => void)[]
}

type Slot = 'own' | 'shared'

export class OwnerSlots {
  readonly #own: number
  #free: number
  /** Those that wait longest for a shared slot come first. */
  readonly #owners = new Map<string, OwnerWork>()

  /** `own`: of each owner. */
  constructor({ own, shared }: { own: number; shared: number }) {
    this.#own = own
    this.#free = shared
  }

  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const slot = await this.#take(owner)
    try {
      return await work()
    } finally {
      this.#give(owner, slot)
    }
  }

  #take(owner: string): Slot | Promise<Slot> {
    const one = this.#of(owner)
    if (one.taken < this.#own) {
      one.taken++
      return 'own'
    }
    if (this.#free > 0) {
      this.#free--
      return 'shared'
    }
    return new Promise((resolve) => one.waiting.push(resolve))
  }

  #give(owner: string, slot: Slot): void {
    if (slot === 'shared') this.#giveShared()
    else {
      const one = this.#of(owner)
      const next = one.waiting.shift()
      if (next === undefined) one.taken--
      else next('own')
    }
    const { taken, waiting } = this.#of(owner)
    if (taken === 0 && waiting.length === 0) this.#owners.delete(owner)
  }

  #giveShared(): void {
    for (const [owner, one] of this.#owners) {
      const next = one.waiting.shift()
      if (next === undefined) continue
      // Behind the others.
      this.#owners.delete(owner)
      this.#owners.set(owner, one)
      next('shared')
      return
    }
    this.#free++
  }

  #of(owner: string): OwnerWork {
    const known = this.#owners.get(owner)
    if (known !== undefined) return known
    const one = { taken: 0, waiting: [] }
    this.#owners.set(owner, one)
    return one
  }
}
