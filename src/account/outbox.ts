/**
 * The outbox: events leave the account at least once, in order.
 *
 * 1. The write's own transaction stores the event, complete but for its seq (`addToOutbox`).
 * 2. After the commit it is delivered to the sequencer, with all others that wait, until that acknowledges it.
 *    What an earlier life of the account left behind is delivered first (`resume`, on wake).
 * 3. The sequencer drops what it has seen, so that repeating is harmless.
 * 4. Acknowledged rows are deleted by a later write's transaction (`forgetDelivered`), never by one of their own, and
 *    many at a time: a row that comes and goes with each write costs a third of it.
 *
 * Before the first event of a wake is stored, the directory notes the account (`arm`): should everything die right
 * after the commit, whoever comes up next reminds it, and phase 2 goes on. It is struck out when it falls asleep with
 * nothing left to deliver (`close`).
 */
import { insertRows, type Sql, type Statement } from '#src/ports/sql.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'

export interface OutboxRow extends EncodedEvent {
  id: number
}

export interface OutboxPorts {
  sql: Sql
  /** Hands rows to the sequencer; resolves with the highest id it has durably. */
  append(rows: readonly OutboxRow[]): Promise<{ through: number }>
  /** Has the account reminded of its events, whatever happens to this process. */
  requestReminder(): Promise<void>
  /** Keeps the account awake for as long as the promise is open. */
  keepAwake(work: Promise<unknown>): void
  /** Waits, in milliseconds, between attempts. */
  pause(ms: number): Promise<void>
  /** Tells of a failed attempt. */
  onFailure(error: unknown): void
  /** Whether an error says that this life of the account has ended. */
  isActorStopped(error: unknown): boolean
}

const BATCH_ROWS = 50
const BATCH_BYTES = 400_000
const MAX_MEMORY_ROWS = 1_000
const MAX_PAUSE_MS = 5_000
/** So much that was acknowledged may stay in the table. */
const MAX_KEPT_ROWS = 16
const MAX_KEPT_BYTES = 256 * 1024

export class Outbox {
  readonly #ports: OutboxPorts
  /** What is to be delivered next, in order; complete only where `#inMemory`. */
  #rows: OutboxRow[] = []
  #inMemory = false
  #delivered = 0
  /** What was acknowledged and is still in the table. */
  #kept = { rows: 0, bytes: 0 }
  #armed = false
  #delivering: Promise<void> | null = null
  #closed = false
  #inDoubt = false

  constructor(ports: OutboxPorts) {
    this.#ports = ports
  }

  /** How many events are known to wait. */
  get backlog(): number {
    return this.#rows.length
  }

  /** Takes rows that have just become durable. */
  deliver(rows: readonly OutboxRow[]): void {
    this.#inDoubt = false
    if (rows.length === 0) return
    if (this.#inMemory && this.#rows.length + rows.length <= MAX_MEMORY_ROWS)
      this.#rows.push(...rows)
    else this.#inMemory = false
    this.#start()
  }

  /**
   * A transaction failed and may have been kept all the same. Then this life of the account will not see its rows, so
   * the reminder has to stay for the next.
   */
  markUncertain(): void {
    this.#inDoubt = true
    this.resume()
  }

  /** Goes on with whatever the table holds, for example after a wake. */
  resume(): void {
    this.#inMemory = false
    this.#start()
  }

  /** The account was reminded: goes on with what there is, and strikes the reminder out when it next sleeps. */
  onReminder(): void {
    this.#armed = true
    this.resume()
  }

  async ensureReminder(): Promise<void> {
    if (this.#armed) return
    await this.#ports.requestReminder()
    this.#armed = true
  }

  /** Ends deliveries. True where nothing is left behind, so that the reminder asked for has become needless. */
  close(): boolean {
    const isIdle = this.#delivering === null && !this.#inDoubt
    const isNeedless = !this.#closed && this.#armed && isIdle
    this.#closed = true
    // Whatever is still written after this asks for another one.
    this.#armed = false
    return isNeedless
  }

  /** The statement that deletes what has been acknowledged; null where that is not worth it yet. */
  deleteDelivered(): Statement | null {
    if (this.#kept.rows < MAX_KEPT_ROWS && this.#kept.bytes < MAX_KEPT_BYTES) return null
    this.#kept = { rows: 0, bytes: 0 }
    return { sql: 'DELETE FROM outbox WHERE id <= ?', params: [this.#delivered] }
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#delivering !== null) await this.#delivering
  }

  #start(): void {
    if (this.#delivering !== null || this.#closed) return
    const work = this.#run().finally(() => {
      this.#delivering = null
      // What came in while the last round was ending must not wait for the next write.
      if (this.#rows.length > 0 || !this.#inMemory) this.#start()
    })
    this.#delivering = work
    this.#ports.keepAwake(work)
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      try {
        if (!(await this.#fill())) return
        const batch = this.#nextBatch()
        const { through } = await this.#ports.append(batch)
        this.#acknowledge(through)
        failures = 0
      } catch (error) {
        this.#ports.onFailure(error)
        if (this.#ports.isActorStopped(error)) this.#closed = true
        else await this.#ports.pause(Math.min(MAX_PAUSE_MS, 50 * 2 ** failures++))
      }
    }
  }

  #acknowledge(through: number): void {
    this.#delivered = Math.max(this.#delivered, through)
    const waiting = this.#rows.findIndex(({ id }) => id > this.#delivered)
    const gone = this.#rows.splice(0, waiting === -1 ? this.#rows.length : waiting)
    this.#kept.rows += gone.length
    for (const { event } of gone) this.#kept.bytes += event.length
  }

  /** Makes `#rows` hold what comes next; false where nothing is left. */
  async #fill(): Promise<boolean> {
    if (this.#rows.length === 0 && !this.#inMemory) {
      // From here on `deliver` may add to the rows; what it adds meanwhile is read, or told, but never missed.
      this.#inMemory = true
      const rows = await storedRows(this.#ports.sql, this.#delivered)
      const known = rows.at(-1)?.id ?? 0
      const isAll = rows.length < BATCH_ROWS
      this.#inMemory &&= isAll
      this.#rows = isAll ? [...rows, ...this.#rows.filter((row) => row.id > known)] : rows
    }
    return this.#rows.length > 0
  }

  #nextBatch(): OutboxRow[] {
    let bytes = 0
    const batch: OutboxRow[] = []
    for (const row of this.#rows) {
      bytes += row.event.length
      if (batch.length > 0 && (bytes > BATCH_BYTES || batch.length >= BATCH_ROWS)) break
      batch.push(row)
    }
    return batch
  }
}

type StoredRow = OutboxRow & { head: string | null; rev: string | null }

/** The first rows after an id, as they were when they were added. */
async function storedRows(sql: Sql, after: number): Promise<OutboxRow[]> {
  const rows = await sql.all<StoredRow>(
    'SELECT id, kind, event, seq_at AS seqAt, head, rev FROM outbox WHERE id > ? ORDER BY id LIMIT ?',
    after,
    BATCH_ROWS,
  )
  return rows.map(({ head, rev, ...row }) => (head && rev ? { ...row, head, rev } : row))
}

/** Stores events in the transaction of their write. */
export function addToOutbox(rows: readonly OutboxRow[]): Statement[] {
  if (rows.length === 0) return []
  const values = rows.map(({ id, kind, event, seqAt, head, rev }) => [
    id,
    kind,
    event,
    seqAt,
    head ?? null,
    rev ?? null,
  ])
  return [insertRows('INSERT INTO outbox (id, kind, event, seq_at, head, rev)', values)]
}
