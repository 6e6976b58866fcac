/** The end of work with a server that may answer slowly, without end, or not at all. */
import type { XrpcError } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface Deadline {
  /** Throws if the time is up. */
  mustGoOn(): void
  /** As `work`, but rejects as soon as the time is up. */
  race<T>(work: Promise<T>): Promise<T>
  /** Call it when the work has ended. */
  end(): void
}

export function deadlineAfter(
  { clock, timer }: { clock: Clock; timer: Timer },
  ms: number,
  tooLate: () => XrpcError,
): Deadline {
  const until = clock.now() + ms
  // Rather than one promise for all, which would keep each one that was raced with it.
  const waiting = new Set<(error: XrpcError) => void>()
  let isLate = false
  const end = timer(ms, () => {
    isLate = true
    for (const reject of waiting) reject(tooLate())
  })
  const mustGoOn = () => {
    if (isLate || clock.now() >= until) throw tooLate()
  }
  return {
    mustGoOn,
    end,
    race: (work) =>
      new Promise((resolve, reject) => {
        if (isLate) reject(tooLate())
        waiting.add(reject)
        work.then(resolve, reject).finally(() => waiting.delete(reject))
      }),
  }
}
