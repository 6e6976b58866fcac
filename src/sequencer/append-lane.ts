/**
 * The only writer of the log, with group commit.
 *
 * 1. Deliveries queue while a transaction is in progress and until it is the lane's turn: transactions are the
 *    bottleneck. If the lane is idle, a delivery does not wait.
 * 2. The next transaction takes all queued deliveries, in order, up to 256 events or 1 MiB. Entries that are already in
 *    the log are dropped; the others get a seq and become frames.
 * 3. When it is committed, it is the accounts' turn again. When it is durable, the callers get their answer, then the
 *    followers get the events.
 * 4. If it fails, it is unknown what was stored: the state in memory is discarded and read again, the callers get the
 *    error and retry.
 */
import type { Clock } from '#src/ports/clock.ts'
import type { Sql } from '#src/ports/sql.ts'
import {
  type Delivery,
  type KnownPositions,
  type LogRow,
  logStatements,
  numberEvents,
} from '#src/sequencer/number-events.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'
import { RepoPositions } from '#src/sequencer/repo-positions.ts'
import type { Tail, TailEvent } from '#src/sequencer/tail.ts'
import { Trimmer } from '#src/sequencer/trimmer.ts'

const MAX_EVENTS = 256
const MAX_BYTES = 1024 * 1024

/** Runs a transaction when the transaction gate lets it go to the engine. */
export type InTurn = <T>(transaction: () => Promise<T>) => Promise<T>

/** The highest ids of an account's outboxes that are in the logs. */
export interface Through {
  events: number
  privateEvents: number
}

interface Waiting extends Delivery {
  resolve(through: Through): void
  reject(error: unknown): void
}

export interface AppendLanePorts {
  sql: Sql
  clock: Clock
  tail: Tail
  backfillMs: number
  inTurn: InTurn
}

export class AppendLane {
  readonly #ports: AppendLanePorts
  readonly #known: RepoPositions
  readonly #knownPrivate: RepoPositions
  readonly #trimmer: Trimmer
  #waiting: Waiting[] = []
  #running = false
  /** Events added to the log since this activation began. */
  added = 0

  constructor(ports: AppendLanePorts) {
    this.#ports = ports
    this.#known = new RepoPositions(ports.sql, 'repo')
    this.#knownPrivate = new RepoPositions(ports.sql, 'private_repo')
    this.#trimmer = new Trimmer(ports)
  }

  append(delivery: Delivery): Promise<Through> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...delivery, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#waiting.length > 0) {
        const publish = await this.#ports.inTurn(() => this.#next())
        await this.#ports.sql.durable()
        publish()
      }
    } finally {
      this.#running = false
    }
  }

  /** Returns what is to be done when it is durable. */
  async #next(): Promise<() => void> {
    const group = this.#nextGroup()
    try {
      return await this.#commit(group)
    } catch (error) {
      for (const { reject } of group) reject(error)
      return () => {}
    }
  }

  #nextGroup(): Waiting[] {
    let events = 0
    let bytes = 0
    const end = this.#waiting.findIndex(({ entries, privateEntries }, i) => {
      events += entries.length + privateEntries.length
      for (const { event } of entries) bytes += event.length
      for (const { body } of privateEntries) bytes += body.length
      return i > 0 && (events > MAX_EVENTS || bytes > MAX_BYTES)
    })
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end)
  }

  async #commit(group: readonly Waiting[]): Promise<() => void> {
    const { sql, clock, tail } = this.#ports
    await tail.ready()
    const known = await this.#load(group)
    const after = Math.max(tail.head, clock.now() * 1_000)
    const numbered = numberEvents(group, known, after)
    const { rows, repos, privateEvents, privateRepos, erased, head } = numbered
    const count = rows.length + privateEvents.length
    if (count > 0) {
      const statements = [...(await this.#trimmer.statementsFor(count)), ...logStatements(numbered)]
      await sql.commit(statements).catch((error) => {
        this.#known.clear()
        this.#knownPrivate.clear()
        tail.reload(head)
        throw error
      })
    }
    this.added += rows.length
    for (const [did, repo] of repos) this.#known.set(did, repo)
    for (const [did, repo] of privateRepos) this.#knownPrivate.set(did, repo)
    const answers = group.map(({ did, privateEntries }) => ({
      events: known.ofEvents(did).outboxId,
      privateEvents: privateEntries.length > 0 ? known.ofPrivateEvents(did).outboxId : 0,
    }))
    this.#known.evict()
    this.#knownPrivate.evict()
    return () => {
      for (const [i, { resolve }] of group.entries()) resolve(answers[i]!)
      if (erased.size > 0) tail.erase(new Set(erased.keys()), head)
      tail.append(inOrder(rows, privateEvents))
    }
  }

  async #load(group: readonly Waiting[]): Promise<KnownPositions> {
    await this.#known.load(new Set(group.map(({ did }) => did)))
    const withPrivate = group.filter(({ privateEntries }) => privateEntries.length > 0)
    await this.#knownPrivate.load(new Set(withPrivate.map(({ did }) => did)))
    return {
      ofEvents: (did) => this.#known.get(did),
      ofPrivateEvents: (did) => this.#knownPrivate.get(did),
    }
  }
}

function inOrder(rows: readonly LogRow[], events: readonly PrivateEvent[]): readonly TailEvent[] {
  if (events.length === 0) return rows
  const all: TailEvent[] = [...rows, ...events.map(toTailEvent)]
  return all.toSorted((a, b) => a.seq - b.seq)
}

const toTailEvent = (privateEvent: PrivateEvent): TailEvent => {
  const { seq, did } = privateEvent
  return { seq, did, privateEvent }
}
