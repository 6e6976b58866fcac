/** The authorization actor, in a few shards. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { authorizationActions } from '#actors/actions/authorization.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openAuthorizationShard } from '#src/authorization/shard.ts'

export function authorizationActor(settings: ActorSettings) {
  return actor({
    db: batchDatabase(settings, (run) => settings.disk.transaction(run)),
    createConnState: requireInternalToken('authorization', settings),
    ...actorLifecycle('authorization', settings, authorizationActions, {
      schema: settings.schemas.authorization,
      sleeps: false,
      open: (c) => openAuthorizationShard({ sql: c.db, clock: settings.clock, log: settings.log }),
      close: async (shard) => {
        await Promise.all(Object.values(shard.unstored).map((rows) => rows.allSettled()))
      },
    }),
    actions: toRivetActions(authorizationActions, settings),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}
