/** Timers, as a port so that tests can control them; the function that a timer returns cancels it. */

export type Timer = (ms: number, run: () => void) => () => void

export const systemTimer: Timer = (ms, run) => {
  const timeout = setTimeout(run, ms)
  return () => clearTimeout(timeout)
}
