/** Joins concurrent calls into few: while one runs, those that come wait for the next. */
import { pause } from '#src/ports/pause.ts'

/** `waitMs`: how long a call waits for others to come along, unless there are `max`. */
interface GatherOptions {
  max: number
  waitMs: number
}

interface Waiting<I, O> {
  input: I
  resolve(output: O): void
  reject(error: unknown): void
}

/** `run` gets up to `max` inputs, and answers in their order; if it fails, all of them fail. */
export class Gather<I, O> {
  readonly #run: (inputs: readonly I[]) => Promise<readonly O[]>
  readonly #options: GatherOptions
  #waiting: Waiting<I, O>[] = []
  #isRunning = false
  #onFull = () => {}

  constructor(options: GatherOptions, run: (inputs: readonly I[]) => Promise<readonly O[]>) {
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
      await this.#others()
      const group = this.#waiting.splice(0, this.#options.max)
      try {
        const outputs = await this.#run(group.map(({ input }) => input))
        for (const [i, { resolve }] of group.entries()) resolve(outputs[i]!)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#isRunning = false
  }

  /** What is added in the same turn comes along in any case. */
  async #others(): Promise<void> {
    const { max, waitMs } = this.#options
    if (waitMs === 0 || this.#waiting.length >= max) return
    const full = new Promise<void>((resolve) => {
      this.#onFull = resolve
    })
    await Promise.race([pause(waitMs), full])
  }
}
