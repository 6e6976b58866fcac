/** A bar of progress, as commands with many accounts show it. */

const WIDTH = 20

/** Full if there is nothing to do. */
export function bar(done: number, total: number): string {
  const full = total === 0 ? WIDTH : Math.floor((WIDTH * done) / total)
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`
}
