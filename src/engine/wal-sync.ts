/**
 * Makes what our engine has committed survive a power failure. The engine writes its log without syncing it, so this
 * process syncs the log, in a thread of its own: calls of libuv's pool may wait for each other.
 *
 * 1. A call of `durable` starts a sync. Calls during a sync wait for the next one, which they share: the running one may
 *    have passed the point that they need.
 * 2. After an error nothing is known about what is on the disk, and a later sync may succeed without having written it.
 *    So no call resolves any more, and `onError` must end the process.
 */
import { Worker } from 'node:worker_threads'

/** The part of a worker thread that is used here. */
export interface SyncThread {
  postMessage(message: 'sync'): void
  on(event: 'message', listener: () => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}

export class WalSync {
  readonly #thread: SyncThread
  readonly #now: () => number
  #isRunning = false
  #waiting: (() => void)[] = []
  #onSynced = () => {}
  /** Since the start: how many syncs there were, and how many seconds they took. */
  readonly total = { syncs: 0, seconds: 0 }

  constructor(options: {
    thread: SyncThread
    onError: (error: unknown) => void
    now?: () => number
  }) {
    this.#thread = options.thread
    this.#now = options.now ?? (() => performance.now())
    this.#thread.on('message', () => this.#onSynced())
    this.#thread.on('error', options.onError)
    this.#thread.unref()
  }

  /** Resolves when everything that the engine acknowledged before the call is on the disk. Is never rejected. */
  durable(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#isRunning) this.#start()
    })
  }

  async stop(): Promise<void> {
    await this.#thread.terminate()
  }

  #start(): void {
    const served = this.#waiting
    const from = this.#now()
    this.#waiting = []
    this.#isRunning = true
    this.#onSynced = () => {
      this.total.syncs++
      this.total.seconds += (this.#now() - from) / 1000
      this.#isRunning = false
      this.#thread.unref()
      if (this.#waiting.length > 0) this.#start()
      for (const resolve of served) resolve()
    }
    // Only a sync that runs keeps the process alive.
    this.#thread.ref()
    this.#thread.postMessage('sync')
  }
}

/** A thread that syncs the log of the RocksDB store in the folder `path`. */
export function walSyncThread(path: string): Worker {
  return new Worker(new URL('./wal-sync-thread.ts', import.meta.url), { workerData: { path } })
}
