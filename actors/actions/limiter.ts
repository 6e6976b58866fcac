/** What a rate limiter can be asked. */

import { lease } from '#src/limits/limiter.ts'
import { type Actions, writes } from '#src/rules/actions.ts'

// A lease that is taken twice is lost until its window ends: calls are counted that were not made, never the reverse.
export const limiterActions = { leases: writes({ lease }) } satisfies Actions
export type LimiterActions = typeof limiterActions
