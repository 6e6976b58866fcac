/** A progress bar, as commands about many accounts show it. */

const WIDTH = 20

/** Full if there is nothing to do. */
export function bar(done: number, total: number): string {
  const full = total === 0 ? WIDTH : Math.floor((WIDTH * done) / total)
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`
}

/** At the pace so far; `done` is not 0. */
export function minutesLeft(startedAt: number, done: number, total: number): number {
  return Math.ceil(((Date.now() - startedAt) * (total / done - 1)) / 60_000)
}
