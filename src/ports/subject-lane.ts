/**
 * A write lane with group commit: one transaction at a time, for all waiting jobs that have no subject in common.
 *
 * Each job lists its subjects (a DID, a handle, an email, an invite code). Jobs of one group share none, so what a job
 * reads while it is prepared still holds at the commit. All jobs of a group get the same time, so that one does not
 * treat as expired what is still valid for another.
 */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

export interface PreparedWrite<T> {
  answer: T
  statements: readonly Statement[]
}

export type PrepareWrite<T> = (now: number) => Promise<PreparedWrite<T>>

interface Job {
  subjects: readonly string[]
  prepare: PrepareWrite<unknown>
  resolve(answer: unknown): void
  reject(error: unknown): void
}

const MAX_GROUP = 64

export class SubjectLane {
  readonly #sql: Sql
  readonly #clock: Clock
  #waiting: Job[] = []
  #running = false

  constructor({ sql, clock }: { sql: Sql; clock: Clock }) {
    this.#sql = sql
    this.#clock = clock
  }

  write<T>(subjects: readonly string[], prepare: PrepareWrite<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ subjects, prepare, resolve: resolve as (a: unknown) => void, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#waiting.length > 0) await this.#commit(this.#nextGroup())
    } finally {
      this.#running = false
    }
  }

  // The first waiting jobs that share no subject with each other or with a job they would overtake.
  #nextGroup(): Job[] {
    const group: Job[] = []
    const later: Job[] = []
    const taken = new Set<string>()
    for (const job of this.#waiting) {
      const isFree = job.subjects.every((subject) => !taken.has(subject))
      if (isFree && group.length < MAX_GROUP) group.push(job)
      else later.push(job)
      for (const subject of job.subjects) taken.add(subject)
    }
    this.#waiting = later
    return group
  }

  async #commit(group: readonly Job[]): Promise<void> {
    const now = this.#clock.now()
    const ready: { job: Job; prepared: PreparedWrite<unknown> }[] = []
    await Promise.all(
      group.map(async (job) => {
        try {
          ready.push({ job, prepared: await job.prepare(now) })
        } catch (error) {
          job.reject(error)
        }
      }),
    )
    try {
      const statements = ready.flatMap(({ prepared }) => prepared.statements)
      if (statements.length > 0) await this.#sql.batch(statements)
      for (const { job, prepared } of ready) job.resolve(prepared.answer)
    } catch (error) {
      for (const { job } of ready) job.reject(error)
    }
  }
}
