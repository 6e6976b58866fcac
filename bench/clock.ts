/** One clock for all processes of a machine. */

/** Milliseconds, comparable between processes. */
export function clock(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
