/** The actors that are awake in this process, from their waking to their falling asleep. */
import type { Actions } from '#src/rules/actions.ts'

export interface LiveActor {
  readonly actions: Actions
  readonly subject: unknown
  /** Keeps the actor awake until the promise, which must not be rejected, is settled. */
  hold<T>(work: Promise<T>): Promise<T>
}

export class LiveActors {
  readonly #awake = new Map<string, LiveActor>()

  /** The actors of a name that are awake here. */
  list(name: string): LiveActor[] {
    return [...this.#awake].filter(([id]) => id.startsWith(`${name} `)).map(([, actor]) => actor)
  }

  find(name: string, key: string): LiveActor | undefined {
    return this.#awake.get(`${name} ${key}`)
  }

  /** An actor has woken; an earlier life of it that is still noted is over. */
  add(name: string, key: string, actor: LiveActor): void {
    this.#awake.set(`${name} ${key}`, actor)
  }

  /** An actor falls asleep; a later life of it stays noted. */
  remove(name: string, key: string, actor: LiveActor): void {
    if (this.find(name, key) === actor) this.#awake.delete(`${name} ${key}`)
  }
}
