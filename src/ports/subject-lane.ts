/**
 * The directory's write lane: one transaction at a time, for all waiting writes that do not touch each other.
 *
 * Each job names what it is about (a DID, a handle, an email, an invite code). Jobs of one group have nothing in
 * common, so what a job reads while it is prepared still holds when the group is committed. And they are prepared at
 * one moment, so that none of them takes for expired what is still good for another.
 */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

/** What a job wants done; without statements it only answers. */
export interface PreparedWrite<T> {
  answer: T
  statements: readonly Statement[]
}

/** Makes a job up at a moment, in milliseconds since 1970. */
export type PrepareWrite<T> = (now: number) => Promise<PreparedWrite<T>>

interface Waiting {
  subjects: readonly string[]
  prepare: PrepareWrite<unknown>
  resolve(answer: unknown): void
  reject(error: unknown): void
}

const groupSize = 64

export class SubjectLane {
  readonly #sql: Sql
  readonly #clock: Clock
  #waiting: Waiting[] = []
  #running = false

  constructor({ sql, clock }: { sql: Sql; clock: Clock }) {
    this.#sql = sql
    this.#clock = clock
  }

  /** Runs the job in its turn; resolves with its answer when what it wrote is durable. */
  write<T>(subjects: readonly string[], prepare: PrepareWrite<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ subjects, prepare, resolve: resolve as (a: unknown) => void, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) await this.#commit(this.#nextGroup())
    this.#running = false
  }

  /** The first waiting jobs that share no subject, neither with each other nor with one they would overtake. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = []
    const later: Waiting[] = []
    const taken = new Set<string>()
    for (const waiting of this.#waiting) {
      const isFree = waiting.subjects.every((subject) => !taken.has(subject))
      if (isFree && group.length < groupSize) group.push(waiting)
      else later.push(waiting)
      for (const subject of waiting.subjects) taken.add(subject)
    }
    this.#waiting = later
    return group
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const now = this.#clock.now()
    const ready: { waiting: Waiting; prepared: PreparedWrite<unknown> }[] = []
    await Promise.all(
      group.map(async (waiting) => {
        try {
          ready.push({ waiting, prepared: await waiting.prepare(now) })
        } catch (error) {
          waiting.reject(error)
        }
      }),
    )
    try {
      const statements = ready.flatMap(({ prepared }) => prepared.statements)
      if (statements.length > 0) await this.#sql.batch(statements)
      for (const { waiting, prepared } of ready) waiting.resolve(prepared.answer)
    } catch (error) {
      for (const { waiting } of ready) waiting.reject(error)
    }
  }
}
