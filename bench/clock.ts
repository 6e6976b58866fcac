/** One clock for processes on the same machine. */

/** Milliseconds on a clock that the processes of one machine share. */
export function clock(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
