/** What time it is, in microseconds and milliseconds since 1970; tests bring their own. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
