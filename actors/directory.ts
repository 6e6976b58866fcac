/** The directory actor, one for the server. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { directoryActions } from '#actors/actions/directory.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openDirectory } from '#src/directory/open-directory.ts'

export function directoryActor(settings: ActorSettings) {
  return actor({
    db: batchDatabase(settings, (run) => settings.disk.transaction(run)),
    createConnState: requireInternalToken('directory', settings),
    ...actorLifecycle('directory', settings, directoryActions, {
      schema: settings.schemas.directory,
      sleeps: false,
      open: (c) => openDirectory({ sql: c.db, clock: settings.clock }),
    }),
    actions: toRivetActions(directoryActions, settings),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}
