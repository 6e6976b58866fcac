/** The authorization actor, in a few shards: a table of contents. */
import { actor } from 'rivetkit'
import { admitOnly } from '#actors/access.ts'
import { authorizationActions } from '#actors/actions/authorization.ts'
import { asActions } from '#actors/as-actions.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { lifecycleOf } from '#actors/lifecycle.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openAuthorization } from '#src/authorization/authorization.ts'
import { authorizationSchema } from '#src/authorization/schema.ts'

export function authorizationActor(settings: ActorSettings) {
  return actor({
    db: batchDatabase(authorizationSchema),
    createConnState: admitOnly(settings.internalToken),
    ...lifecycleOf('authorization', settings.live, authorizationActions, {
      sleeps: false,
      open: (c) => openAuthorization({ sql: c.db, clock: settings.clock }),
    }),
    actions: asActions(authorizationActions),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}
