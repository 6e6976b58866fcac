/** The limiter actor, in a few shards: a table of contents. What it counts is in memory only. */
import { actor } from 'rivetkit'
import { admitOnly } from '#actors/access.ts'
import { limiterActions } from '#actors/actions/limiter.ts'
import { asActions } from '#actors/as-actions.ts'
import { lifecycleOf } from '#actors/lifecycle.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openLimiter } from '#src/limits/limiter.ts'

export function limiterActor(settings: ActorSettings) {
  return actor({
    createConnState: admitOnly(settings.internalToken),
    ...lifecycleOf('limiter', settings.live, limiterActions, {
      sleeps: false,
      open: () => openLimiter({ clock: settings.clock }),
    }),
    actions: asActions(limiterActions),
    options: { noSleep: true, actionTimeout: 10_000 },
  })
}
