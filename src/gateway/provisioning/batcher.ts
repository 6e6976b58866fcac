/** Batches concurrent calls: while one batch runs, further calls wait for the next. */
import { pause } from '#src/ports/pause.ts'

/** A batch begins with `max` calls, when none has come for `quietMs`, or `maxWaitMs` after the first one. */
interface BatchOptions {
  max: number
  quietMs: number
  maxWaitMs: number
}

interface Waiting<I, O> {
  input: I
  resolve(output: O): void
  reject(error: unknown): void
}

/** `run` gets up to `max` inputs, and resolves with outputs in the same order; if it rejects, all of them do. */
export class Batcher<I, O> {
  readonly #run: (inputs: readonly I[]) => Promise<readonly O[]>
  readonly #options: BatchOptions
  #waiting: Waiting<I, O>[] = []
  #isRunning = false
  #onFull = () => {}

  constructor(options: BatchOptions, run: (inputs: readonly I[]) => Promise<readonly O[]>) {
    this.#options = options
    this.#run = run
  }

  add(input: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject })
      if (this.#waiting.length >= this.#options.max) this.#onFull()
      if (!this.#isRunning) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      await this.#waitForMore()
      const batch = this.#waiting.splice(0, this.#options.max)
      try {
        const outputs = await this.#run(batch.map(({ input }) => input))
        for (const [i, { resolve }] of batch.entries()) resolve(outputs[i]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isRunning = false
  }

  async #waitForMore(): Promise<void> {
    const { max, quietMs, maxWaitMs } = this.#options
    const latest = performance.now() + maxWaitMs
    // Calls of the same turn are in the batch in any case.
    for (let known = 0; known < this.#waiting.length && known < max; ) {
      known = this.#waiting.length
      const leftMs = Math.min(quietMs, latest - performance.now())
      if (leftMs <= 0 || known >= max) return
      const { promise: full, resolve } = Promise.withResolvers<void>()
      this.#onFull = resolve
      await Promise.race([pause(leftMs), full])
    }
  }
}
