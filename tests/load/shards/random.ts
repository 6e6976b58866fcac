/** Random numbers that are the same in each run. */

/** Uniform in [0, 1): mulberry32, a public-domain generator. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The times of a Poisson process with `perSecond` events, in ms, until `untilMs`. */
export function poisson(perSecond: number, untilMs: number, random: () => number): number[] {
  const times: number[] = []
  for (let at = 0; ; ) {
    at -= (Math.log(1 - random()) * 1000) / perSecond
    if (at >= untilMs) return times
    times.push(at)
  }
}
