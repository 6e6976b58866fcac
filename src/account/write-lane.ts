/**
 * The write lane: one writer at a time, and one transaction for all writes that wait.
 *
 * 1. A job is prepared on the newest head, durable or not: pure work that returns statements, events and the next head.
 * 2. While a transaction is running, further jobs are prepared and collected in the next group.
 * 3. The group is one transaction: its statements, its events in the outbox, and the root.
 * 4. When that is committed, the next group goes on. Only when it is durable are its callers answered, stale cached
 *    responses dropped, and its events delivered, in the order of the groups.
 *
 * A job that throws fails alone. A transaction that fails rejects its own group; jobs prepared on top of it are
 * prepared again on what the database holds.
 */
import type { AnswerCache } from '#src/account/answer-cache.ts'
import type { FailedTransaction } from '#src/account/failed-transactions.ts'
import { type Head, saveRoot } from '#src/account/head.ts'
import { LaneHeads } from '#src/account/lane-heads.ts'
import { addToOutbox, type Outbox } from '#src/account/outbox.ts'
import type { Reminder } from '#src/account/reminder.ts'
import {
  emptyGroup,
  type Group,
  isFull,
  rejectAll,
  type Waiting,
} from '#src/account/write-group.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'
import type { CommitOp } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'

/** What a job gets: the head to build on, and backlinks that are not in the database yet. */
export interface LaneView {
  head: Head
  recentBacklinks(key: string): readonly string[]
}

/** `head` is the view's own if the repo does not change. */
export interface Prepared<T> {
  answer: T
  head: Omit<Head, 'outboxId'>
  statements: readonly Statement[]
  events: readonly EncodedEvent[]
  backlinks?: readonly (readonly [key: string, path: string])[]
  onDurable?: () => void
  /** What a commit does to records. */
  ops?: readonly CommitOp[]
  /** What made it. */
  client?: string | undefined
}

/** The lane as actions use it. */
export type Lane = Pick<
  WriteLane,
  'write' | 'settled' | 'caughtUp' | 'head' | 'revAtWake' | 'revAfter' | 'cachedHead'
>

export type Job<T> = (view: LaneView) => Prepared<T> | Promise<Prepared<T>>

export class WriteLane {
  readonly #sql: Sql
  readonly #clock: Clock
  readonly #outbox: Outbox
  readonly #reminder: Reminder
  readonly #answers: AnswerCache
  readonly #heads: LaneHeads
  #waiting: Waiting[] = []
  #running = false
  #work: Promise<void> = Promise.resolve()
  #wake: (() => void) | null = null
  #group = emptyGroup()
  #committing: Group | null = null
  /** Resolves when all committed groups are published. */
  #published: Promise<void> = Promise.resolve()

  constructor(ports: {
    sql: Sql
    clock: Clock
    outbox: Outbox
    reminder: Reminder
    answers: AnswerCache
  }) {
    this.#sql = ports.sql
    this.#clock = ports.clock
    this.#outbox = ports.outbox
    this.#reminder = ports.reminder
    this.#answers = ports.answers
    this.#heads = new LaneHeads(ports.sql)
  }

  /**
   * Resolves with the job's answer when its write is durable. A job that also reads the database sets `readsDatabase`:
   * it is prepared when all earlier writes are committed and no later one is, so that the database matches its
   * head. With the id of an idempotency key, the answer is stored as JSON with the write's first event, if it has one.
   */
  write<T>(
    job: Job<T>,
    { readsDatabase = false, key }: { readsDatabase?: boolean; key?: string | undefined } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        job,
        readsDatabase,
        key,
        resolve: resolve as (answer: unknown) => void,
        reject,
      })
      this.#wake?.()
      if (!this.#running) this.#work = this.#run()
    })
  }

  async settled(): Promise<void> {
    await this.#work
    await this.#published
  }

  /** Resolves when the head is at least that of the newest committed write. */
  async caughtUp(): Promise<void> {
    await this.#published
  }

  /** The newest durable one. The database may be ahead of it by writes that are committed only. */
  head(): Promise<Head> {
    return this.#heads.current()
  }

  revAtWake(): Promise<string> {
    return this.#heads.revAtWake()
  }

  get cachedHead(): Head | null {
    return this.#heads.durable
  }

  /** See `LaneHeads.revAfter`. */
  revAfter(failed: FailedTransaction): Promise<string> {
    return this.#heads.revAfter(failed)
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      let sending: Promise<void> | null = null
      for (;;) {
        while (this.#waiting.length > 0 && !isFull(this.#group)) {
          const allStored = sending === null && this.#group.members.length === 0
          if (this.#waiting[0]!.readsDatabase && !allStored) break
          await this.#prepare(this.#waiting.shift()!)
        }
        if (sending === null) {
          if (this.#group.members.length === 0) break
          sending = this.#flush().finally(() => {
            sending = null
            this.#wake?.()
          })
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
          this.#wake = null
        }
      }
    } finally {
      this.#running = false
    }
  }

  async #prepare(waiting: Waiting): Promise<void> {
    try {
      // A concurrent failure may replace the head while a job is prepared; only the newest head may be built on.
      for (;;) {
        const head = this.#heads.newest ?? (await this.#heads.load())
        const prepared = await waiting.job({
          head,
          recentBacklinks: (key) => this.#recentLinks(key),
        })
        if (head !== this.#heads.newest) continue
        this.#add(waiting, prepared, head)
        return
      }
    } catch (error) {
      waiting.reject(error)
    }
  }

  #add(waiting: Waiting, prepared: Prepared<unknown>, from: Head): void {
    const group = this.#group
    let { outboxId } = from
    for (const [i, event] of prepared.events.entries()) {
      // From the clock, so that not even a restored or reprovisioned account repeats an id.
      outboxId = Math.max(outboxId + 1, this.#clock.now() * 1000)
      group.rows.push({ id: outboxId, ...event, client: prepared.client })
      if (i > 0 || waiting.key === undefined) continue
      const answer = JSON.stringify(prepared.answer)
      group.kept.set(outboxId, { key: waiting.key, answer })
      group.bytes += answer.length
    }
    group.members.push({ waiting, prepared })
    group.statements.push(...prepared.statements)
    group.bytes += prepared.events.reduce((sum, { event }) => sum + event.length * 2, 0)
    for (const [key, path] of prepared.backlinks ?? []) {
      group.backlinks.set(key, [...(group.backlinks.get(key) ?? []), path])
    }
    group.head = { ...prepared.head, outboxId }
    this.#heads.newest = group.head
  }

  #recentLinks(key: string): readonly string[] {
    return [
      ...(this.#committing?.backlinks.get(key) ?? []),
      ...(this.#group.backlinks.get(key) ?? []),
    ]
  }

  async #flush(): Promise<void> {
    const group = this.#group
    this.#group = emptyGroup()
    this.#committing = group
    try {
      const isDurable = (await this.#commit(group)) ? this.#sql.durable() : undefined
      const earlier = this.#published
      this.#published = earlier.then(() => isDurable).then(() => this.#publish(group))
      this.#published = this.#published.catch((error) => rejectAll(group, error))
    } catch (error) {
      await this.#published
      this.#heads.fail(error)
      this.#reset()
      rejectAll(group, error)
    } finally {
      this.#committing = null
    }
  }

  #publish(group: Group): void {
    this.#heads.durable = group.head
    this.#answers.clear()
    for (const { prepared } of group.members) prepared.onDurable?.()
    // Where the commit is in the event, and what made it, are for the table only.
    this.#outbox.deliver(group.rows.map(({ place: _, client: __, ...row }) => row))
    for (const { waiting, prepared } of group.members) waiting.resolve(prepared.answer)
  }

  /** Returns whether there was anything to commit. */
  async #commit(group: Group): Promise<boolean> {
    if (group.statements.length === 0 && group.rows.length === 0) return false
    if (group.rows.length > 0) await this.#reminder.ensure()
    await this.#sql.commit([
      ...group.statements,
      ...(group.head === null ? [] : [saveRoot(group.head)]),
      ...this.#outbox.deleteDelivered(),
      ...addToOutbox(group.rows, group.kept),
    ])
    return true
  }

  // After a failed transaction nothing in memory is reliable: it may have been committed or not.
  #reset(): void {
    this.#answers.clear()
    const requeued = this.#group.members.map(({ waiting }) => waiting)
    this.#group = emptyGroup()
    this.#waiting.unshift(...requeued)
    this.#outbox.markUncertain()
  }
}
