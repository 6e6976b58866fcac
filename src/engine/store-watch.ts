/**
 * Notices that the engine's store has lost its end: by a power failure, by damage (RocksDB then drops everything after
 * it, without an error), or because an older copy was restored.
 *
 * 1. Every few seconds, and at the end, a file beside the store gets the seq up to which the firehose log is stored.
 * 2. A start whose store has less says so.
 * 3. Relays have seen commits that are gone, and refuse older revs. So every account announces itself, with a new commit
 *    of what it has, a few accounts a second. The file says how far that has come, and a later start goes on with it.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { readNote, type StoreLoss, type StoreNote, writeNote } from '#src/engine/store-note.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 5_000
const PAGE = 20
/** Between two accounts: waking one takes the engine about as long. */
const PAUSE_MS = 100
const ATTEMPTS = 3
const RETRY_MS = 4_000

export interface StoreWatchPorts {
  /** Of the note. */
  path: string
  dispatch: Pick<Dispatch, 'account'> & {
    sequencer: { log: Pick<Dispatch['sequencer']['log'], 'storedHead'> }
    directory: { accounts: Pick<Dispatch['directory']['accounts'], 'list'> }
  }
  clock: Clock
  timer: Timer
  log: Pick<Log, 'info' | 'warn' | 'error'>
}

export class StoreWatch {
  readonly #ports: StoreWatchPorts
  #note: StoreNote | undefined
  #writing: Promise<void> = Promise.resolve()
  #isChecked = false
  #isStopped = false
  #stopTask = () => {}

  constructor(ports: StoreWatchPorts) {
    this.#ports = ports
    this.#note = readNote(ports.path)
  }

  /** What the store has lost, from when it was noticed until the start after the announcements; undefined if nothing. */
  get loss(): StoreLoss | undefined {
    return this.#note?.loss
  }

  /** Up to which seq the log was known to go, also if the store has lost that since. */
  get notedSeq(): number {
    return Math.max(this.#note?.seq ?? 0, this.loss?.notedSeq ?? 0)
  }

  start(): void {
    const run = async () => {
      await this.#round().catch((err) => {
        this.#ports.log.warn({ err }, 'noting how far the store goes failed; it is tried again')
      })
      return INTERVAL_MS
    }
    this.#stopTask = startPeriodicTask(this.#ports.timer, run)
  }

  /** Notes how far the store goes, while the sequencer still answers. */
  async stop(): Promise<void> {
    this.#stopTask()
    await this.#round().catch(() => {})
    this.#isStopped = true
    await this.#writing.catch(() => {})
  }

  async #round(): Promise<void> {
    if (this.#isStopped) return
    const stored = await this.#ports.dispatch.sequencer.log.storedHead()
    if (!this.#isChecked) {
      // This activation may have logged events before this call; but it may also have begun before the last note.
      const isOfThisStart = this.#note === undefined || stored.wokeAt >= this.#note.at
      await this.#check(isOfThisStart ? stored.seqAtWake : stored.seq)
    }
    if (stored.seq === this.#note?.seq) return
    await this.#write({ ...this.#note, seq: stored.seq, at: this.#ports.clock.now() })
  }

  async #check(found: number): Promise<void> {
    this.#isChecked = true
    const { clock, log } = this.#ports
    const noted = this.#note
    if (noted === undefined) return
    const foundAt = clock.now()
    if (found < noted.seq) {
      const times = { from: isoOf(found), until: isoOf(noted.seq) }
      log.error(
        { ...times, foundSeq: found, notedSeq: noted.seq },
        'THE STORE HAS LOST ITS END: what was written in between is gone. All accounts are announced to relays',
      )
      const loss = {
        foundSeq: found,
        notedSeq: noted.seq,
        foundAt,
        announced: 0,
        isAnnounced: false,
      }
      await this.#write({ seq: found, at: foundAt, loss })
    } else if (noted.loss?.isAnnounced) {
      await this.#write({ seq: noted.seq, at: noted.at })
    }
    if (this.loss?.isAnnounced === false) void this.#announceAll()
  }

  async #announceAll(): Promise<void> {
    const { dispatch, log } = this.#ports
    while (!this.#isStopped && this.loss !== undefined) {
      const { loss } = this
      try {
        const { cursor } = loss
        const page = await dispatch.directory.accounts.list({
          limit: PAGE,
          ...(cursor !== undefined && { cursor }),
        })
        const alive = page.accounts.filter(({ status }) => status !== 'deleted')
        for (const { did } of alive) await this.#announce(did)
        // A stop in between announces these accounts once more at the next start.
        if (this.#isStopped) return
        const next = { ...loss, announced: loss.announced + alive.length }
        if (page.cursor !== undefined) next.cursor = page.cursor
        if (page.accounts.length === 0) next.isAnnounced = true
        await this.#write({ ...this.#note!, loss: next })
        if (!next.isAnnounced) continue
        log.info({ accounts: next.announced }, 'all accounts were announced to relays')
        return
      } catch (err) {
        log.warn({ err }, 'announcing accounts after a loss failed; it is tried again')
        await this.#pause(RETRY_MS)
      }
    }
  }

  async #announce(did: string): Promise<void> {
    for (let attempt = 1; !this.#isStopped; attempt++) {
      try {
        await this.#ports.dispatch.account(did).lifecycle.announce({ newCommit: true })
        return await this.#pause(PAUSE_MS)
      } catch (err) {
        if (attempt === ATTEMPTS) {
          const hint = 'announcing an account after a loss failed; use `headwater account announce`'
          return this.#ports.log.error({ did, err }, hint)
        }
        await this.#pause(RETRY_MS)
      }
    }
  }

  async #write(note: StoreNote): Promise<void> {
    this.#note = note
    // One after another, and always the newest.
    this.#writing = this.#writing
      .catch(() => {})
      .then(() => writeNote(this.#ports.path, this.#note ?? note))
    await this.#writing
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#ports.timer(ms, resolve))
  }
}

/** The time of a seq, which is in µs. */
function isoOf(seq: number): string {
  return new Date(seq / 1000).toISOString()
}
