/** How the server is: what its health, its statistics and its metrics are made of. Nothing is asked unless they are. */
import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import type { Account } from '#src/account/account.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

/** The engine of this process. */
export interface EngineHealth {
  healthy(): boolean
  /** How often it has died and been started again. */
  restarts(): number
}

export interface HealthPorts {
  dispatch: Pick<Dispatch, 'directory' | 'sequencer'>
  live: Pick<LiveActors, 'list'>
  /** Absent where somebody else runs the engine. */
  engine: EngineHealth | undefined
  dataDirectory: string
  /** Resolves where blobs can be stored. */
  checkBlobs: (() => Promise<void>) | undefined
  clock: Clock
  log: Pick<Log, 'warn'>
}

export interface StorageHealth {
  /** The directory's database answers. */
  accountDb: boolean
  /** The sequencer's database answers. */
  sequencerDb: boolean
  /** The data folder takes files. */
  writable: boolean
  blobs: boolean
}

export interface AccountCounts {
  /** By state. */
  accounts: Record<string, number>
  /** Accounts that may have events to deliver. */
  reminders: number
}

const PATIENCE_MS = 4_000
/** How old counts may be: counting is work for the directory. */
const COUNTS_MS = 60_000
const STORAGE_MS = 5_000

export class Health {
  readonly #ports: HealthPorts
  readonly #startedAt: number
  #storage: { value: Promise<StorageHealth>; until: number } | undefined
  #counts: { value: Promise<AccountCounts | undefined>; until: number } | undefined

  constructor(ports: HealthPorts) {
    this.#ports = ports
    this.#startedAt = ports.clock.now()
  }

  get engine(): EngineHealth | undefined {
    return this.#ports.engine
  }

  uptimeSeconds(): number {
    return Math.floor((this.#ports.clock.now() - this.#startedAt) / 1000)
  }

  /** The accounts awake in this process, and the events that wait in their outboxes. */
  awake(): { accounts: number; backlog: number } {
    const accounts = this.#ports.live.list('account')
    const backlog = accounts.reduce((sum, { subject }) => sum + backlogOf(subject as Account), 0)
    return { accounts: accounts.length, backlog }
  }

  /** Where the log ends; undefined where the sequencer does not answer. */
  async head(): Promise<number | undefined> {
    return (await this.#soon(this.#ports.dispatch.sequencer.log.bounds()))?.head
  }

  /** At most a minute old; undefined where the directory does not answer. */
  async counts(): Promise<AccountCounts | undefined> {
    const now = this.#ports.clock.now()
    if (this.#counts === undefined || now >= this.#counts.until) {
      const value = this.#soon(this.#ports.dispatch.directory.accounts.count())
      this.#counts = { value, until: now + COUNTS_MS }
    }
    const counts = await this.#counts.value
    if (counts === undefined) this.#counts = undefined
    return counts
  }

  /** Whether the actors can be reached: asks the directory for something small. */
  isServing(): Promise<boolean> {
    const { directory } = this.#ports.dispatch
    return this.#is(directory.accounts.find({ identifier: 'did:web:health.invalid' }))
  }

  /** At most some seconds old: strangers may ask. */
  storage(): Promise<StorageHealth> {
    const now = this.#ports.clock.now()
    if (this.#storage === undefined || now >= this.#storage.until) {
      this.#storage = { value: this.#lookAtStorage(), until: now + STORAGE_MS }
    }
    return this.#storage.value
  }

  async #lookAtStorage(): Promise<StorageHealth> {
    const { dispatch, dataDirectory, checkBlobs } = this.#ports
    const [accountDb, sequencerDb, writable, blobs] = await Promise.all([
      this.isServing(),
      this.#is(dispatch.sequencer.log.bounds()),
      this.#is(access(dataDirectory, constants.W_OK)),
      checkBlobs === undefined ? true : this.#is(checkBlobs()),
    ])
    return { accountDb, sequencerDb, writable, blobs }
  }

  /** Bytes that are left where the data is; undefined where that cannot be said. */
  async freeBytes(): Promise<number | undefined> {
    const found = await this.#soon(statfs(this.#ports.dataDirectory))
    return found && found.bavail * found.bsize
  }

  async #is(work: Promise<unknown>): Promise<boolean> {
    return (await this.#soon(work.then(() => true as const))) ?? false
  }

  /** The answer, or undefined where there is none, or not soon. */
  async #soon<T>(work: Promise<T>): Promise<T | undefined> {
    const late = new AbortController()
    const waited = pause(PATIENCE_MS, undefined, { signal: late.signal, ref: false })
    waited.catch(() => {})
    try {
      return await Promise.race([work, waited])
    } catch (err) {
      this.#ports.log.warn({ err }, 'a part of the server does not answer')
      return undefined
    } finally {
      late.abort()
    }
  }
}

function backlogOf({ outbox }: Account): number {
  return outbox.backlog
}
