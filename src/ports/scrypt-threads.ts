/** Threads that derive keys with scrypt, one at a time each, and a bounded queue that takes turns between salts. */
import { Worker } from 'node:worker_threads'
import { unavailable } from '#src/errors.ts'
import { FairQueue } from '#src/ports/fair-queue.ts'

export interface KeyRequest {
  password: string
  salt: string
  length: number
}

interface Job extends KeyRequest {
  resolve(key: Buffer): void
  reject(error: unknown): void
}

export class ScryptThreads {
  readonly #maxThreads: number
  readonly #waiting: FairQueue<Job>
  readonly #busy = new Map<Worker, Job>()
  #idle: Worker[] = []

  constructor(options: { threads: number; maxWaiting: number; maxWaitingPerSalt: number }) {
    const { threads, maxWaiting: max, maxWaitingPerSalt: maxPerKey } = options
    this.#maxThreads = threads
    this.#waiting = new FairQueue({ max, maxPerKey })
  }

  /** Throws 503 if the queue is full. Threads start when they are first needed. */
  derive(request: KeyRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (!this.#waiting.push(request.salt, { ...request, resolve, reject })) {
        reject(unavailable('Too many passwords are being checked, please try again'))
      }
      this.#assign()
    })
  }

  #assign(): void {
    while (this.#waiting.size > 0) {
      const worker = this.#idle.pop() ?? this.#start()
      if (worker === undefined) return
      const job = this.#waiting.shift()!
      this.#busy.set(worker, job)
      // Only a thread with work keeps the process alive.
      worker.ref()
      worker.postMessage({ password: job.password, salt: job.salt, length: job.length })
    }
  }

  #start(): Worker | undefined {
    if (this.#busy.size >= this.#maxThreads) return undefined
    const worker = new Worker(new URL('./scrypt-thread.ts', import.meta.url))
    let failure: unknown
    worker.on('message', (key: Uint8Array) => {
      this.#jobOf(worker)?.resolve(Buffer.from(key.buffer, key.byteOffset, key.byteLength))
      worker.unref()
      this.#idle.push(worker)
      this.#assign()
    })
    worker.on('error', (error) => {
      failure = error
    })
    // Its job fails, and the next one starts another thread.
    worker.on('exit', () => {
      this.#idle = this.#idle.filter((other) => other !== worker)
      this.#jobOf(worker)?.reject(failure ?? new Error('the scrypt thread exited'))
      this.#assign()
    })
    return worker
  }

  /** The job that the thread has just ended. */
  #jobOf(worker: Worker): Job | undefined {
    const job = this.#busy.get(worker)
    this.#busy.delete(worker)
    return job
  }
}
