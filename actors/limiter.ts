/** The limiter actor, in a few shards. What it counts is in memory only. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { limiterActions } from '#actors/actions/limiter.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openLimiter } from '#src/limits/limiter.ts'

export function limiterActor(settings: ActorSettings) {
  return actor({
    createConnState: requireInternalToken('limiter', settings),
    ...actorLifecycle('limiter', settings, limiterActions, {
      sleeps: false,
      open: () => openLimiter({ clock: settings.clock }),
    }),
    actions: toRivetActions(limiterActions, settings),
    options: { noSleep: true, actionTimeout: 10_000 },
  })
}
