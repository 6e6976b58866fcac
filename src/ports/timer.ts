/** Doing something later; tests bring their own. */

/** Runs `run` in `ms` milliseconds; the function it returns calls that off. */
export type Timer = (ms: number, run: () => void) => () => void

export const systemTimer: Timer = (ms, run) => {
  const timeout = setTimeout(run, ms)
  return () => clearTimeout(timeout)
}
