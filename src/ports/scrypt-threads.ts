/** Threads that derive keys with scrypt, one at a time each, and a bounded queue that takes turns between callers and salts. */
import { Worker } from 'node:worker_threads'
import { unavailable } from '#src/errors.ts'
import { FairQueue, type Waiting } from '#src/ports/fair-queue.ts'

export interface KeyRequest {
  password: string
  salt: string
  length: number
  /** The network that a password came from; undefined if its caller was known before. */
  network?: string | undefined
}

interface Job extends KeyRequest, Waiting {
  resolve(key: Buffer): void
  reject(error: unknown): void
}

export class ScryptThreads {
  readonly #maxThreads: number
  readonly #waiting: FairQueue<Job>
  readonly #busy = new Map<Worker, Job>()
  #idle: Worker[] = []

  constructor(options: {
    threads: number
    maxWaiting: number
    maxWaitingPerCaller: number
    maxWaitingPerSalt: number
  }) {
    this.#maxThreads = options.threads
    this.#waiting = new FairQueue({
      max: options.maxWaiting,
      maxPerHolder: options.maxWaitingPerCaller,
      maxPerSubject: options.maxWaitingPerSalt,
    })
  }

  /** Throws 503 if too many wait. Threads start when they are first needed. */
  derive(request: KeyRequest): Promise<Buffer> {
    const { salt, network } = request
    const holder = network === undefined ? `salt ${salt}` : `network ${network}`
    return new Promise((resolve, reject) => {
      const refuse = () =>
        reject(unavailable('Too many passwords are being checked, please try again'))
      this.#waiting.push({ ...request, holder, subject: salt, refuse, resolve, reject })
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
