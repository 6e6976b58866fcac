/** What a rate limiter can be asked. */

import { lease } from '#src/limits/limiter.ts'
import { type Actions, writes } from '#src/rules/actions.ts'

export const limiterActions = { leases: writes({ lease }) } satisfies Actions
export type LimiterActions = typeof limiterActions
