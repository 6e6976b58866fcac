/** The options of the soak test. */
import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** It runs that long, or until all goals are reached if there are any. */
  minutes: number
  goals: { events: number; rewrites: number; accounts: number }
  writers: number
  residents: number
  churners: number
  /** Between two steps of each loop. With 0 the server is saturated. */
  pauseMs: number
  maxAwake: number
  windowMs: number
  /** Rows of the table. */
  samples: number
}

const fullGoals = { events: 5_000_000, rewrites: 200_000, accounts: 10_000 }

/** Throws if an option is unknown or not a number. */
export function readOptions(args: string[]): SoakOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      short: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      events: { type: 'string' },
      rewrites: { type: 'string' },
      accounts: { type: 'string' },
      writers: { type: 'string' },
      residents: { type: 'string' },
      churners: { type: 'string' },
      'pause-ms': { type: 'string' },
      'max-awake': { type: 'string' },
      'window-seconds': { type: 'string' },
      samples: { type: 'string' },
    },
  })
  const number = (name: keyof typeof values, otherwise: number) => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (!(value >= 0)) throw new Error(`--${name} must be a number`)
    return value
  }
  const { short, full } = values
  const goals = full ? fullGoals : { events: 0, rewrites: 0, accounts: 0 }
  return {
    minutes: number('minutes', full ? 24 * 60 : short ? 1 : 60),
    goals: {
      events: number('events', goals.events),
      rewrites: number('rewrites', goals.rewrites),
      accounts: number('accounts', goals.accounts),
    },
    writers: number('writers', short ? 4 : 12),
    residents: number('residents', short ? 10 : 300),
    churners: number('churners', 2),
    pauseMs: number('pause-ms', 0),
    maxAwake: number('max-awake', short ? 8 : 48),
    windowMs: number('window-seconds', short ? 5 : 60) * 1_000,
    samples: number('samples', short ? 6 : 30),
  }
}
