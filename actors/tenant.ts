/** The tenant actor, one for each platform that has accounts of its own. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { tenantActions } from '#actors/actions/tenant.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { openTenant } from '#src/tenants/tenant.ts'

export function tenantActor(settings: ActorSettings) {
  return actor({
    db: batchDatabase(settings, (run) => settings.disk.transaction(run)),
    createConnState: requireInternalToken('tenant', settings),
    ...actorLifecycle('tenant', settings, tenantActions, {
      schema: settings.schemas.tenant,
      sleeps: true,
      open: (c) => openTenant({ id: c.key[0] ?? '', sql: c.db, clock: settings.clock }),
    }),
    actions: toRivetActions(tenantActions, settings),
    options: { sleepTimeout: settings.sleepTimeoutMs, actionTimeout: 60_000 },
  })
}
