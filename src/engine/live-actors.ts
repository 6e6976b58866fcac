/** The actors that are awake in this process, and whether they may be called without the engine. */
import { endlessLease, type Lease } from '#src/engine/engine-lease.ts'
import type { Actions } from '#src/rules/actions.ts'

/** Calls that the server itself makes to wake an account. */
const wakingCalls = new Set(['lifecycle.ensureProvisioned', 'outbox.remind'])

export interface LiveActor {
  readonly actions: Actions
  readonly subject: unknown
  /** Keeps the actor awake until the promise settles; it must not be rejected. */
  hold<T>(work: Promise<T>): Promise<T>
  /** Absent if the actor is always awake. */
  sleepControl?: SleepControl
  /** Whether it got a call since it woke, other than to wake it. */
  wasCalled?: boolean
}

/** How an actor falls asleep before its time. */
export interface SleepControl {
  /** Counts a call that did not come through `hold`; the function it returns ends it. */
  begin(): () => void
  /** Since when it has had no work, in ms of `performance.now()`; undefined if it has some, and must not sleep. */
  idleSince(): number | undefined
  /** Begins to put it to sleep; throws if it is ending already. */
  sleep(): void
}

export class LiveActors {
  readonly #awake = new Map<string, LiveActor>()
  readonly #awaited = new Map<string, Set<() => void>>()
  /** Accounts that were put to sleep before their time. */
  putToSleep = 0
  /** Called when an actor is added. */
  onAdded: (name: string) => void = () => {}
  readonly #lease: Lease
  /** How often the lease had lapsed when the engine last sent something to an actor here. */
  readonly #lapsesAt = new WeakMap<LiveActor, number>()

  constructor(lease: Lease = endlessLease) {
    this.#lease = lease
  }

  /** The actors of a name that are awake here. */
  list(name: string): LiveActor[] {
    return [...this.#awake].filter(([id]) => id.startsWith(`${name} `)).map(([, actor]) => actor)
  }

  find(name: string, key: string): LiveActor | undefined {
    return this.#awake.get(`${name} ${key}`)
  }

  /** The actor, if it surely has not moved to another process: then it may be called directly. */
  findCurrent(name: string, key: string): LiveActor | undefined {
    const actor = this.find(name, key)
    const isSure = actor !== undefined && this.#lapsesAt.get(actor) === this.#lease.lapses
    return isSure && this.#lease.isCurrent() ? actor : undefined
  }

  /** Calls back when the lease lapses, unless cancelled by the function that it returns. */
  onLapse(run: () => void): () => void {
    return this.#lease.whenLapsed(run)
  }

  /** Call when the engine has sent a call to the actor: it is here, even if the lease has lapsed meanwhile. */
  confirm(actor: LiveActor): void {
    if (this.#lease.isCurrent()) this.#lapsesAt.set(actor, this.#lease.lapses)
  }

  /** Call for each call of the actor, also of one that came through the engine. */
  noteCall(actor: LiveActor, { group, action }: { group: string; action: string }): void {
    if (!wakingCalls.has(`${group}.${action}`)) actor.wasCalled = true
  }

  /** Adds an actor that woke; replaces an earlier activation of it. */
  add(name: string, key: string, actor: LiveActor): void {
    this.#awake.set(`${name} ${key}`, actor)
    this.#lapsesAt.set(actor, this.#lease.lapses)
    for (const onAwake of this.#awaited.get(`${name} ${key}`) ?? []) onAwake()
    this.onAdded(name)
  }

  /** Resolves when the actor wakes in this process the next time. Call `cancel` when it is not awaited any more. */
  whenAdded(name: string, key: string): { added: Promise<void>; cancel(): void } {
    const id = `${name} ${key}`
    const { promise: added, resolve } = Promise.withResolvers<void>()
    const waiting = this.#awaited.get(id) ?? new Set()
    this.#awaited.set(id, waiting.add(resolve))
    const cancel = () => {
      waiting.delete(resolve)
      if (waiting.size === 0) this.#awaited.delete(id)
    }
    return { added, cancel }
  }

  /** Removes an activation that ended; a later one of the same actor stays. */
  remove(name: string, key: string, actor: LiveActor): void {
    if (this.find(name, key) === actor) this.#awake.delete(`${name} ${key}`)
  }
}
