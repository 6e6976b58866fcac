/**
 * The outbox: events leave the account at least once, in order. An account has two: of the events of its repo, below, and
 * of its private events (`private-outbox.ts`).
 *
 * 1. The write's own transaction stores the event, complete except for its seq (`addToOutbox`).
 * 2. After the commit, events are delivered to the sequencer in batches until it acknowledges them. Events that an
 *    earlier activation left behind go first (`resume`, on wake).
 * 3. The sequencer drops events that it already has, so a repeated delivery is harmless.
 * 4. Acknowledged rows are deleted by a later write's transaction (`deleteDelivered`), never by one of their own, and
 *    many at a time: a row that is inserted and deleted with every write costs a third of that write.
 *
 * Before the first event after a wake is stored, the directory stores a reminder for the account (`reminder.ts`): if the
 * process exits right after the commit, the next process to start sends the account that reminder, and step 2 continues.
 * The reminder is removed when the actor sleeps with nothing pending in either outbox (`closeOutboxes`).
 */
import { deleteDelivered, type KeptAnswer } from '#src/account/kept-answers.ts'
import { keepCommits } from '#src/account/past.ts'
import { insertRows, type Sql, type Statement } from '#src/ports/sql.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { storedClient } from '#src/rules/commit-clients.ts'

export interface OutboxRow extends EncodedEvent {
  id: number
  /** What made the commit, for the history. */
  client?: string | undefined
}

/** Where the rows of an outbox are stored. */
export interface OutboxTable<Row> {
  /** Those above the id `after`, in order, at most `limit`. */
  read(sql: Sql, after: number, limit: number): Promise<Row[]>
  /** What a row counts for in a delivery. */
  bytesOf(row: Row): number
  deleteDelivered(through: number): Statement[]
}

export interface OutboxPorts<Row extends { id: number } = OutboxRow> {
  sql: Sql
  table: OutboxTable<Row>
  append(rows: readonly Row[]): Promise<{ through: number }>
  keepAwake(work: Promise<unknown>): void
  pause(ms: number): Promise<void>
  onFailure(error: unknown): void
  isActorStopped(error: unknown): boolean
}

const BATCH_ROWS = 50
const BATCH_BYTES = 400_000
const MAX_MEMORY_ROWS = 1_000
const MAX_PAUSE_MS = 5_000
const MAX_KEPT_ROWS = 16
const MAX_KEPT_BYTES = 256 * 1024

export class Outbox<Row extends { id: number } = OutboxRow> {
  readonly #ports: OutboxPorts<Row>
  // Undelivered rows, in order; complete only if `#inMemory`.
  #rows: Row[] = []
  #inMemory = false
  #delivered = 0
  #acknowledged = { rows: 0, bytes: 0 }
  #delivering: Promise<void> | null = null
  #closed = false
  #mayHaveCommitted = false

  constructor(ports: OutboxPorts<Row>) {
    this.#ports = ports
  }

  get backlog(): number {
    return this.#rows.length
  }

  deliver(rows: readonly Row[]): void {
    this.#mayHaveCommitted = false
    if (rows.length === 0) return
    if (this.#inMemory && this.#rows.length + rows.length <= MAX_MEMORY_ROWS) {
      // A read of the table may have found them before their write ended.
      const known = Math.max(this.#delivered, this.#rows.at(-1)?.id ?? 0)
      this.#rows.push(...rows.filter(({ id }) => id > known))
    } else this.#inMemory = false
    this.#start()
  }

  /** As `deliver`, for rows that only the table has. */
  deliverStored(): void {
    this.#mayHaveCommitted = false
    this.resume()
  }

  /**
   * Call if a transaction failed but may have been committed. This activation then does not see its rows, so the
   * reminder must stay for the next one.
   */
  markUncertain(): void {
    this.#mayHaveCommitted = true
    this.resume()
  }

  resume(): void {
    this.#inMemory = false
    this.#start()
  }

  /** Returns true if nothing is left that needs the reminder. */
  close(): boolean {
    this.#closed = true
    return this.#delivering === null && !this.#mayHaveCommitted
  }

  deleteDelivered(): Statement[] {
    if (this.#acknowledged.rows < MAX_KEPT_ROWS && this.#acknowledged.bytes < MAX_KEPT_BYTES)
      return []
    this.#acknowledged = { rows: 0, bytes: 0 }
    return this.#ports.table.deleteDelivered(this.#delivered)
  }

  async settled(): Promise<void> {
    while (this.#delivering !== null) await this.#delivering
  }

  #start(): void {
    if (this.#delivering !== null || this.#closed) return
    const work = this.#run().finally(() => {
      this.#delivering = null
      // Rows that arrived while the last round ended must not wait for the next write.
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
    const delivered = this.#rows.splice(0, waiting === -1 ? this.#rows.length : waiting)
    this.#acknowledged.rows += delivered.length
    for (const row of delivered) this.#acknowledged.bytes += this.#ports.table.bytesOf(row)
  }

  async #fill(): Promise<boolean> {
    if (this.#rows.length === 0 && !this.#inMemory) {
      // From here on `deliver` may add rows: each new row is either in the result of this read or added by `deliver`.
      this.#inMemory = true
      const rows = await this.#readRows()
      const known = rows.at(-1)?.id ?? 0
      const isAll = rows.length < BATCH_ROWS
      this.#inMemory &&= isAll
      this.#rows = isAll ? [...rows, ...this.#rows.filter((row) => row.id > known)] : rows
    }
    return this.#rows.length > 0
  }

  async #readRows(): Promise<Row[]> {
    try {
      const { table, sql } = this.#ports
      const rows = await table.read(sql, this.#delivered, BATCH_ROWS)
      // They may be of a transaction that is committed and not durable yet.
      if (rows.length > 0) await sql.durable()
      return rows
    } catch (error) {
      // Rows that were added meanwhile must not be delivered before the rows that this read would have found.
      this.#inMemory = false
      this.#rows = []
      throw error
    }
  }

  #nextBatch(): Row[] {
    let bytes = 0
    const batch: Row[] = []
    for (const row of this.#rows) {
      bytes += this.#ports.table.bytesOf(row)
      if (batch.length > 0 && (bytes > BATCH_BYTES || batch.length >= BATCH_ROWS)) break
      batch.push(row)
    }
    return batch
  }
}

type StoredRow = OutboxRow & { head: string | null; rev: string | null }

/** The events of the repo and of the account, for the firehose. */
export const firehoseOutbox: OutboxTable<OutboxRow> = {
  async read(sql, after, limit) {
    const rows = await sql.all<StoredRow>(
      'SELECT id, kind, event, seq_at AS seqAt, head, rev FROM outbox WHERE id > ? ORDER BY id LIMIT ?',
      after,
      limit,
    )
    return rows.map(({ head, rev, ...row }) => (head && rev ? { ...row, head, rev } : row))
  },
  bytesOf: ({ event }) => event.length,
  deleteDelivered: (through) => [...keepCommits(through), ...deleteDelivered(through)],
}

/** `answers` of those rows that are the first of a call with a key, by their ids. */
export function addToOutbox(
  rows: readonly OutboxRow[],
  answers?: ReadonlyMap<number, KeptAnswer>,
): Statement[] {
  if (rows.length === 0) return []
  const values = rows.map(({ id, kind, event, seqAt, head, rev, place, client }) => [
    id,
    kind,
    event,
    seqAt,
    head ?? null,
    rev ?? null,
    answers?.get(id)?.key ?? '',
    answers?.get(id)?.answer ?? null,
    ...(place ? [place.opsLength, place.blockAt, place.blockLength] : [null, null, null]),
    client === undefined ? null : storedClient(client),
  ])
  const columns =
    'id, kind, event, seq_at, head, rev, key, answer, ops_length, block_at, block_length, client'
  return [insertRows(`INSERT INTO outbox (${columns})`, values)]
}
