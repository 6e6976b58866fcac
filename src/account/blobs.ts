/**
 * The account's blobs: rows say where the bytes belong, and reconciliation moves the bytes there.
 *
 * 1. A write that changes where bytes belong sets `state` to `unsettled` in its own transaction.
 * 2. When that is durable, `reconcile` does what the row asks for: it quarantines a blob that was taken down, makes a
 *    blob permanent that a record references, and deletes any other. Each step is idempotent.
 * 3. The outcome is stored with the next transaction on blobs, or before the actor sleeps (`takeOutcomes`).
 *
 * If the process exits in between, the row stays `unsettled`, and the next activation starts with it (`resume`).
 */
import {
  type BlobOutcome,
  desiredOutcome,
  moveBytes,
  selectUnreconciledBlobs,
  storeOutcome,
  type UnreconciledBlob,
} from '#src/account/blob-location.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

export interface BlobPorts {
  did: string
  sql: Sql
  clock: Clock
  storage: BlobStorage
  quotaBytes: number | undefined
  keepAwake(work: Promise<unknown>): void
  pause(ms: number): Promise<void>
  onFailure(error: unknown): void
}

const PAGE_SIZE = 100
const MAX_OUTCOMES = 100
const ATTEMPTS = 3
const FIRST_PAUSE_MS = 250
const CLOSE_TIMEOUT_MS = 5_000
// Rows read longer ago are read again, because another activation of the account may have started since.
const MAX_ROW_AGE_MS = 3_000

export class Blobs {
  readonly storage: BlobStorage
  readonly quotaBytes: number | undefined
  /** Uploads are added one at a time if there is a quota. */
  readonly uploadMutex = new Mutex()
  readonly #ports: BlobPorts
  readonly #claims = new Map<string, number>()
  readonly #outcomes = new Map<string, { outcome: BlobOutcome; tempKey: string | null }>()
  #hasReferences: boolean | undefined
  #reconciling: Promise<void> | null = null
  #runAgain = false
  #hasBlockedDeletions = false
  #closed = false

  constructor(ports: BlobPorts) {
    this.#ports = ports
    this.storage = ports.storage
    this.quotaBytes = ports.quotaBytes
  }

  /** False if no record references a blob: then deleting a record needs no look-up of references. */
  get mayHaveReferences(): boolean {
    return this.#hasReferences !== false
  }

  /** Call before storing references. */
  noteReferences(): void {
    this.#hasReferences = true
  }

  resume(): void {
    this.#ports.keepAwake(this.#checkReferences())
    this.reconcile()
  }

  /** Prevents the deletion of bytes that a running write references. Returns the function that releases the claim. */
  claim(cids: readonly string[]): () => void {
    this.noteReferences()
    for (const cid of cids) this.#claims.set(cid, (this.#claims.get(cid) ?? 0) + 1)
    return () => {
      for (const cid of cids) {
        const left = this.#claims.get(cid)! - 1
        if (left > 0) this.#claims.set(cid, left)
        else this.#claims.delete(cid)
      }
      if (this.#hasBlockedDeletions) this.reconcile()
    }
  }

  reconcile(): void {
    this.#runAgain = true
    if (this.#reconciling !== null) return
    this.#reconciling = this.#run().finally(() => {
      this.#reconciling = null
    })
    this.#ports.keepAwake(this.#reconciling)
  }

  async whenReconciled(): Promise<void> {
    while (this.#reconciling !== null) await this.#reconciling
  }

  takeOutcomes(): Statement[] {
    const statements = [...this.#outcomes].map(([cid, { outcome, tempKey }]) =>
      storeOutcome({ cid, tempKey }, outcome),
    )
    this.#outcomes.clear()
    return statements
  }

  /** Call before the actor sleeps. After 5 seconds the rest is left to the next activation. */
  async close(): Promise<void> {
    await Promise.race([this.whenReconciled(), this.#ports.pause(CLOSE_TIMEOUT_MS)])
    this.#closed = true
    const statements = this.takeOutcomes()
    if (statements.length > 0) await this.#ports.sql.batch(statements).catch(() => {})
  }

  async #checkReferences(): Promise<void> {
    try {
      const found = await this.#ports.sql.first('SELECT 1 FROM record_blob LIMIT 1')
      this.#hasReferences ??= found !== undefined
    } catch {
      // Then assume that there are some.
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#runAgain && !this.#closed; ) {
      this.#runAgain = false
      try {
        await this.#reconcileAll()
      } catch (error) {
        this.#ports.onFailure(error)
        failures++
        // A write that came during the last attempt has not been looked at, so it has attempts of its own.
        if (failures === ATTEMPTS && !this.#runAgain) return
        if (failures === ATTEMPTS) failures = 1
        await this.#ports.pause(FIRST_PAUSE_MS * 4 ** (failures - 1))
        this.#runAgain = true
      }
    }
  }

  async #reconcileAll(): Promise<void> {
    const { sql, clock } = this.#ports
    this.#hasBlockedDeletions = false
    for (let after = ''; ; ) {
      const readAt = clock.now()
      const claimed = new Set(this.#claims.keys())
      const rows = await sql.all<UnreconciledBlob>(selectUnreconciledBlobs, after, PAGE_SIZE)
      const open = rows.filter((row) => !this.#isDone(row))
      // They may be of a write that is not durable yet, and what is done to the bytes cannot be undone.
      if (open.length > 0) await sql.durable()
      await this.#reconcilePage(open, readAt, claimed)
      if (this.#outcomes.size >= MAX_OUTCOMES) await sql.batch(this.takeOutcomes())
      if (rows.length < PAGE_SIZE) return
      after = rows.at(-1)!.cid
    }
  }

  /** `claimed` are the claims when the rows were read. */
  async #reconcilePage(
    rows: readonly UnreconciledBlob[],
    readAt: number,
    claimed: ReadonlySet<string>,
  ): Promise<void> {
    const { clock, did } = this.#ports
    const unused: UnreconciledBlob[] = []
    for (const row of rows) {
      if (this.#closed) return
      if (desiredOutcome(row) === 'deleted') unused.push(row)
      else this.#addOutcome(row, await moveBytes(this.storage, did, row))
    }
    if (this.#closed || clock.now() - readAt > MAX_ROW_AGE_MS) {
      this.#runAgain = true
      return
    }
    const unclaimed = unused.filter(({ cid }) => !this.#claims.has(cid))
    this.#hasBlockedDeletions ||= unclaimed.length < unused.length
    // A write that has ended since may have made the row outdated.
    const deletable = unclaimed.filter(({ cid }) => !claimed.has(cid))
    this.#runAgain ||= deletable.length < unclaimed.length
    if (deletable.length === 0) return
    const cids = deletable.map(({ cid }) => cid)
    const keys = deletable.flatMap(({ tempKey }) => tempKey ?? [])
    await this.storage.delete(did, cids)
    if (keys.length > 0) await this.storage.deleteTemps(did, keys)
    for (const row of deletable) this.#addOutcome(row, 'deleted')
  }

  #addOutcome({ cid, tempKey }: UnreconciledBlob, outcome: BlobOutcome): void {
    if (outcome === 'lost') this.#ports.onFailure(new Error(`blob missing from storage: ${cid}`))
    this.#outcomes.set(cid, { outcome, tempKey })
  }

  #isDone(row: UnreconciledBlob): boolean {
    const done = this.#outcomes.get(row.cid)
    if (done === undefined || done.tempKey !== row.tempKey) return false
    return (
      done.outcome === desiredOutcome(row) ||
      (done.outcome === 'lost' && desiredOutcome(row) === 'permanent')
    )
  }
}
