/** The actions of the rate limiter. */

import { lease } from '#src/limits/limiter.ts'
import { type Actions, writes } from '#src/rules/actions.ts'

// A repeated lease is lost until its window ends: too many calls are counted, never too few.
export const limiterActions = { leases: writes({ lease }) } satisfies Actions
export type LimiterActions = typeof limiterActions
