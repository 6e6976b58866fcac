/**
 * The account's blobs: rows say where their bytes belong, and here the bytes are brought there.
 *
 * 1. A write that changes where bytes belong says so in its own transaction: `state` becomes `unsettled`.
 * 2. When that is durable, `settle` does with the bytes what the row says: a blob that was taken down is set aside, one
 *    that a record has is in its place, any other is deleted. Each may be repeated.
 * 3. That it was done is noted with the next transaction that concerns blobs, or before the account sleeps (`takeDone`).
 *
 * Whoever dies in between leaves an `unsettled` row, and the next life begins with those (`resume`).
 */
import {
  type BlobOutcome,
  desiredOutcome,
  moveToPlace,
  noteOutcome,
  selectUnreconciledBlobs,
  type UnreconciledBlob,
} from '#src/account/blob-location.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

export interface BlobPorts {
  did: string
  sql: Sql
  clock: Clock
  storage: BlobStorage
  /** Bytes that the account may have in blobs; undefined for any number. */
  quotaBytes: number | undefined
  /** Keeps the account awake for as long as the promise is open. */
  keepAwake(work: Promise<unknown>): void
  /** Waits, in milliseconds, between attempts. */
  pause(ms: number): Promise<void>
  /** Tells of a failed attempt. */
  onFailure(error: unknown): void
}

const PAGE_SIZE = 100
const MAX_OUTCOMES = 100
const ATTEMPTS = 3
const FIRST_PAUSE_MS = 250
const CLOSE_TIMEOUT_MS = 5_000
/** Rows that were read longer ago are read again: another life of the account may have begun. */
const MAX_ROW_AGE_MS = 3_000

export class Blobs {
  readonly storage: BlobStorage
  readonly quotaBytes: number | undefined
  readonly #ports: BlobPorts
  /** Blobs that writes under way refer to. */
  readonly #claims = new Map<string, number>()
  readonly #done = new Map<string, { outcome: BlobOutcome; tempKey: string | null }>()
  #hasReferences: boolean | undefined
  #settling: Promise<void> | null = null
  #again = false
  /** Bytes wait to be deleted until claims have ended. */
  #isHeldUp = false
  #closed = false

  constructor(ports: BlobPorts) {
    this.#ports = ports
    this.storage = ports.storage
    this.quotaBytes = ports.quotaBytes
  }

  /** Whether a record may have blobs. Where not, deleting one needs to look for none. */
  get mayHaveReferences(): boolean {
    return this.#hasReferences !== false
  }

  /** To be called by whoever stores references, before it does. */
  noteReferences(): void {
    this.#hasReferences = true
  }

  /** Goes on with what an earlier life left behind. */
  resume(): void {
    this.#ports.keepAwake(this.#look())
    this.reconcile()
  }

  /** Keeps bytes from being deleted while a write that refers to them is under way, until the function it gives is called. */
  claim(cids: readonly string[]): () => void {
    this.noteReferences()
    for (const cid of cids) this.#claims.set(cid, (this.#claims.get(cid) ?? 0) + 1)
    return () => {
      for (const cid of cids) {
        const left = this.#claims.get(cid)! - 1
        if (left > 0) this.#claims.set(cid, left)
        else this.#claims.delete(cid)
      }
      if (this.#isHeldUp) this.reconcile()
    }
  }

  /** Begins to bring bytes to where they belong. To be called when a transaction that unsettled blobs is durable. */
  reconcile(): void {
    this.#again = true
    if (this.#settling !== null) return
    this.#settling = this.#run().finally(() => {
      this.#settling = null
    })
    this.#ports.keepAwake(this.#settling)
  }

  /** Resolves when nothing is being settled any more. */
  async whenReconciled(): Promise<void> {
    while (this.#settling !== null) await this.#settling
  }

  /** Statements that note what was done, each only if it is still what the row asks for. */
  takeOutcomes(): Statement[] {
    const statements = [...this.#done].map(([cid, { outcome, tempKey }]) =>
      noteOutcome({ cid, tempKey }, outcome),
    )
    this.#done.clear()
    return statements
  }

  /** To be called before the account sleeps. What takes long is left to its next life. */
  async close(): Promise<void> {
    await Promise.race([this.whenReconciled(), this.#ports.pause(CLOSE_TIMEOUT_MS)])
    this.#closed = true
    const statements = this.takeOutcomes()
    if (statements.length > 0) await this.#ports.sql.batch(statements).catch(() => {})
  }

  async #look(): Promise<void> {
    try {
      const found = await this.#ports.sql.first('SELECT 1 FROM record_blob LIMIT 1')
      this.#hasReferences ??= found !== undefined
    } catch {
      // Then it may have some.
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#again && !this.#closed; ) {
      this.#again = false
      try {
        await this.#settleAll()
      } catch (error) {
        this.#ports.onFailure(error)
        if (++failures === ATTEMPTS) return
        await this.#ports.pause(FIRST_PAUSE_MS * 4 ** (failures - 1))
        this.#again = true
      }
    }
  }

  async #settleAll(): Promise<void> {
    const { sql, clock } = this.#ports
    this.#isHeldUp = false
    for (let after = ''; ; ) {
      const readAt = clock.now()
      const rows = await sql.all<UnreconciledBlob>(selectUnreconciledBlobs, after, PAGE_SIZE)
      await this.#settlePage(
        rows.filter((row) => !this.#isDone(row)),
        readAt,
      )
      if (this.#done.size >= MAX_OUTCOMES) await sql.batch(this.takeOutcomes())
      if (rows.length < PAGE_SIZE) return
      after = rows.at(-1)!.cid
    }
  }

  async #settlePage(rows: readonly UnreconciledBlob[], readAt: number): Promise<void> {
    const { clock, did } = this.#ports
    const unused: UnreconciledBlob[] = []
    for (const row of rows) {
      if (this.#closed) return
      if (desiredOutcome(row) === 'deleted') unused.push(row)
      else this.#note(row, await moveToPlace(this.storage, did, row))
    }
    if (this.#closed || clock.now() - readAt > MAX_ROW_AGE_MS) {
      this.#again = true
      return
    }
    const free = unused.filter(({ cid }) => !this.#claims.has(cid))
    this.#isHeldUp ||= free.length < unused.length
    if (free.length === 0) return
    const cids = free.map(({ cid }) => cid)
    const keys = free.flatMap(({ tempKey }) => tempKey ?? [])
    await this.storage.delete(did, cids)
    if (keys.length > 0) await this.storage.deleteTemps(did, keys)
    for (const row of free) this.#note(row, 'deleted')
  }

  #note({ cid, tempKey }: UnreconciledBlob, outcome: BlobOutcome): void {
    if (outcome === 'lost') this.#ports.onFailure(new Error(`the bytes of blob ${cid} are gone`))
    this.#done.set(cid, { outcome, tempKey })
  }

  #isDone(row: UnreconciledBlob): boolean {
    const done = this.#done.get(row.cid)
    if (done === undefined || done.tempKey !== row.tempKey) return false
    return (
      done.outcome === desiredOutcome(row) ||
      (done.outcome === 'lost' && desiredOutcome(row) === 'in place')
    )
  }
}
