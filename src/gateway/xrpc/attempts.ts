/**
 * Attempts that may fail only so often: each takes a point before it runs, and gives it back unless it failed. If the last
 * points are held by attempts that run, the others wait for them, so that many right ones at once are not refused.
 */
import type { XrpcError } from '#src/errors.ts'

export interface Points {
  /** Resolves to the error for the caller if no point is left. */
  take(): Promise<XrpcError | undefined>
  /** Called if the attempt is refused. */
  onRefused(): void
  giveBack(): void
}

interface Line {
  running: number
  readonly waiting: (() => void)[]
}

/** Of one key; a client address has at most as many connections. */
const MAX_WAITING = 500

export class Attempts {
  readonly #lines = new Map<string, Line>()

  /** `key` is whose points they are. Throws the error of `take` instead, if all points were used by failures. */
  async run<T>(
    key: string,
    points: Points,
    attempt: () => T | Promise<T>,
    isFailure: (error: unknown) => boolean,
  ): Promise<T> {
    const line = this.#lines.get(key) ?? { running: 0, waiting: [] }
    this.#lines.set(key, line)
    try {
      await takePoint(line, points)
    } catch (error) {
      this.#leave(key, line)
      throw error
    }
    let hasFailed = false
    try {
      return await attempt()
    } catch (error) {
      hasFailed = isFailure(error)
      throw error
    } finally {
      line.running--
      if (!hasFailed) points.giveBack()
      this.#leave(key, line)
    }
  }

  /** The next one takes the point, or learns that there is none. */
  #leave(key: string, line: Line): void {
    const next = line.waiting.shift()
    if (next !== undefined) next()
    else if (line.running === 0 && this.#lines.get(key) === line) this.#lines.delete(key)
  }
}

async function takePoint(line: Line, points: Points): Promise<void> {
  for (;;) {
    // It runs from here on: another that finds no point waits for it.
    line.running++
    const refusal = await points.take().catch((error: unknown) => {
      line.running--
      throw error
    })
    if (refusal === undefined) return
    line.running--
    if (line.running === 0 || line.waiting.length >= MAX_WAITING) {
      points.onRefused()
      throw refusal
    }
    await new Promise<void>((resolve) => line.waiting.push(resolve))
  }
}
