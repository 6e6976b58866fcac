/** The data behind the health, statistics and metrics endpoints, collected when they are called. */
import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Account } from '#src/account/account.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { StoreLoss } from '#src/engine/store-note.ts'
import type { StoreSize } from '#src/engine/store-size.ts'
import type { StoreWatch } from '#src/engine/store-watch.ts'
import type { ArchiveHealth } from '#src/gateway/archives/archive-health.ts'
import type { RelayRow, RelayView } from '#src/gateway/relays/relay-view.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DiskSpace } from '#src/ports/disk-space.ts'
import { type LastBackup, readLastBackup } from '#src/ports/last-backup.ts'
import { type LastDrill, readLastDrill } from '#src/ports/last-drill.ts'
import type { LogSize } from '#src/sequencer/log-size.ts'

export interface EngineHealth {
  healthy(): boolean
  restarts(): number
}

/** The release of this process (docs/design/upgrades.md). */
export interface Build {
  release: number
  /** The schema version of each kind of actor that this release migrates databases to. */
  schemas: Readonly<Record<string, number>>
}

export interface HealthPorts {
  build: Build
  dispatch: Pick<Dispatch, 'directory' | 'sequencer'>
  live: Pick<LiveActors, 'list' | 'putToSleep'>
  /** Undefined if another process runs the engine. */
  engine: EngineHealth | undefined
  dataDirectory: string
  checkBlobs: (() => Promise<void>) | undefined
  disk: Pick<DiskSpace, 'isLow'>
  /** Undefined if this process does not watch the store. */
  storeWatch: Pick<StoreWatch, 'loss'> | undefined
  /** Undefined if the store is not known to be on this machine. */
  storeSize: (() => Promise<StoreSize>) | undefined
  /** Undefined in a process without a gateway. */
  relays: Pick<RelayView, 'rows'> | undefined
  /** Undefined if accounts are not archived at intervals. */
  archives: (() => Promise<ArchiveHealth>) | undefined
  maxAwakeAccounts: number
  clock: Clock
  log: Pick<Log, 'warn'>
}

export interface StorageHealth {
  accountDb: boolean
  sequencerDb: boolean
  writable: boolean
  blobs: boolean
  /** False from when a start found that the store has lost its end until all accounts were announced. */
  complete: boolean
}

export interface AccountCounts {
  accounts: Record<string, number>
  /** Accounts that may have events to deliver. */
  reminders: number
}

/** In this process. */
export interface AwakeAccounts {
  accounts: number
  /** How many may be awake. */
  max: number
  /** How many were put to sleep so far because there were more, or because memory was short. */
  putToSleep: number
  /** Events in their outboxes. */
  backlog: number
}

const TIMEOUT_MS = 4_000
/** Counting is expensive for the directory. */
const COUNTS_TTL_MS = 60_000
const STORAGE_TTL_MS = 5_000
const WRITE_TTL_MS = 60_000

export class Health {
  readonly #ports: HealthPorts
  readonly #startedAt: number
  #storage: { value: Promise<StorageHealth>; until: number } | undefined
  #writableUntil = 0
  #counts: { value: Promise<AccountCounts | undefined>; until: number } | undefined

  constructor(ports: HealthPorts) {
    this.#ports = ports
    this.#startedAt = ports.clock.now()
  }

  get engine(): EngineHealth | undefined {
    return this.#ports.engine
  }

  get build(): Build {
    return this.#ports.build
  }

  /** What the store has lost, if a start found that lately. */
  get storeLoss(): StoreLoss | undefined {
    return this.#ports.storeWatch?.loss
  }

  uptimeSeconds(): number {
    return Math.floor((this.#ports.clock.now() - this.#startedAt) / 1000)
  }

  awake(): AwakeAccounts {
    const { live, maxAwakeAccounts } = this.#ports
    const accounts = live.list('account')
    const backlog = accounts.reduce((sum, { subject }) => sum + backlogOf(subject as Account), 0)
    const { putToSleep } = live
    return { accounts: accounts.length, max: maxAwakeAccounts, putToSleep, backlog }
  }

  async head(): Promise<number | undefined> {
    return (await this.#withTimeout(this.#ports.dispatch.sequencer.log.bounds()))?.head
  }

  async logSize(): Promise<LogSize | undefined> {
    return this.#withTimeout(this.#ports.dispatch.sequencer.log.size())
  }

  async storeSize(): Promise<StoreSize | undefined> {
    const { storeSize } = this.#ports
    return storeSize && this.#withTimeout(storeSize())
  }

  /** How relays stand with this server. */
  async relays(): Promise<RelayRow[] | undefined> {
    const { relays } = this.#ports
    if (relays === undefined) return undefined
    const counts = await this.counts()
    return this.#withTimeout(relays.rows(counts && (counts.accounts['active'] ?? 0)))
  }

  async archives(): Promise<ArchiveHealth | undefined> {
    const { archives } = this.#ports
    return archives && this.#withTimeout(archives())
  }

  async counts(): Promise<AccountCounts | undefined> {
    const now = this.#ports.clock.now()
    if (this.#counts === undefined || now >= this.#counts.until) {
      const value = this.#withTimeout(this.#ports.dispatch.directory.accounts.count())
      this.#counts = { value, until: now + COUNTS_TTL_MS }
    }
    const counts = await this.#counts.value
    if (counts === undefined) this.#counts = undefined
    return counts
  }

  /** Whether the actors can be reached, by a cheap call to the directory. */
  isServing(): Promise<boolean> {
    const { directory } = this.#ports.dispatch
    return this.#succeeds(directory.accounts.find({ identifier: 'did:web:health.invalid' }))
  }

  /** Cached for 5 s, since unauthenticated callers may ask. */
  storage(): Promise<StorageHealth> {
    const now = this.#ports.clock.now()
    if (this.#storage === undefined || now >= this.#storage.until) {
      this.#storage = { value: this.#checkStorage(), until: now + STORAGE_TTL_MS }
    }
    return this.#storage.value
  }

  async #checkStorage(): Promise<StorageHealth> {
    const { dispatch, dataDirectory, checkBlobs, disk } = this.#ports
    const [accountDb, sequencerDb, writable, blobs] = await Promise.all([
      this.#canWrite(),
      this.#succeeds(dispatch.sequencer.log.bounds()),
      this.#succeeds(access(dataDirectory, constants.W_OK)),
      checkBlobs === undefined ? true : this.#succeeds(checkBlobs()),
    ])
    const complete = this.storeLoss?.isAnnounced ?? true
    return { accountDb, sequencerDb, writable: writable && !disk.isLow, blobs, complete }
  }

  // A read would come from memory. All databases are in one store, so the directory's stands for them; each write leaves
  // some bytes in its history, so a success counts for a minute, unless the disk is low.
  async #canWrite(): Promise<boolean> {
    const { dispatch, clock, disk } = this.#ports
    const now = clock.now()
    if (now < this.#writableUntil && !disk.isLow) return this.isServing()
    const setting = { name: 'storage-check', value: String(now) }
    const isWritten = await this.#succeeds(dispatch.directory.settings.put(setting))
    this.#writableUntil = isWritten ? now + WRITE_TTL_MS : 0
    return isWritten
  }

  /** Undefined if the command `headwater backup` has noted none in this process's data folder. */
  lastBackup(): Promise<LastBackup | undefined> {
    return this.#withTimeout(readLastBackup(this.#ports.dataDirectory))
  }

  /** Undefined if `headwater backup drill` has noted none there. */
  lastDrill(): Promise<LastDrill | undefined> {
    return this.#withTimeout(readLastDrill(this.#ports.dataDirectory))
  }

  async freeBytes(): Promise<number | undefined> {
    const stats = await this.#withTimeout(statfs(this.#ports.dataDirectory))
    return stats && stats.bavail * stats.bsize
  }

  async #succeeds(work: Promise<unknown>): Promise<boolean> {
    return (await this.#withTimeout(work.then(() => true as const))) ?? false
  }

  async #withTimeout<T>(work: Promise<T>): Promise<T | undefined> {
    const timeout = new AbortController()
    const timedOut = pause(TIMEOUT_MS, undefined, { signal: timeout.signal, ref: false })
    timedOut.catch(() => {})
    try {
      return await Promise.race([work, timedOut])
    } catch (err) {
      this.#ports.log.warn({ err }, 'health check failed')
      return undefined
    } finally {
      timeout.abort()
    }
  }
}

function backlogOf({ outbox, privateOutbox }: Account): number {
  return outbox.backlog + privateOutbox.backlog
}
