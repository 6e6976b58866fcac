/** The account actor, one for each DID. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { accountActions } from '#actors/actions/account.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { importLimits } from '#actors/import-limits.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { closeAccount, openAccount } from '#actors/open-account.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { transactionGate } from '#actors/transaction-gate.ts'
import { ExportLimits } from '#src/account/export-limits.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'

export function accountActor(settings: ActorSettings) {
  const shared = {
    cache: new IdempotencyCache(),
    exportLimits: new ExportLimits(),
    importLimits: importLimits(settings.imports, settings.timer),
  }
  return actor({
    db: batchDatabase(settings, (run) =>
      settings.disk.transaction(() => transactionGate.account(run)),
    ),
    createConnState: requireInternalToken('account', settings),
    ...actorLifecycle('account', settings, accountActions, {
      schema: settings.schemas.account,
      open: (c, hold) => openAccount(c, hold, settings, shared),
      sleeps: true,
      isEngaged: ({ imports, snapshots, background }) =>
        imports.open !== undefined || snapshots.hasOpen || background.isBusy,
      close: (account, isSuperseded) => closeAccount(account, settings, isSuperseded),
    }),
    actions: toRivetActions(accountActions, settings),
    options: { sleepTimeout: settings.sleepTimeoutMs, actionTimeout: 120_000 },
  })
}
