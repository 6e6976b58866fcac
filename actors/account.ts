/** The account actor, one for each DID: a table of contents. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { accountActions } from '#actors/actions/account.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { closeAccount, openAccount } from '#actors/open-account.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { transactionGate } from '#actors/transaction-gate.ts'
import { IdempotencyCache } from '#src/account/idempotency-keys.ts'
import { accountSchema } from '#src/account/schema.ts'

export function accountActor(settings: ActorSettings) {
  const book = new IdempotencyCache()
  return actor({
    db: batchDatabase(accountSchema, (transaction) => transactionGate.account(transaction)),
    createConnState: requireInternalToken(settings.internalToken),
    ...actorLifecycle('account', settings.live, accountActions, {
      open: (c, hold) => openAccount(c, hold, settings, book),
      sleeps: true,
      close: (account) => closeAccount(account, settings),
    }),
    actions: toRivetActions(accountActions),
    options: { sleepTimeout: settings.sleepTimeoutMs, actionTimeout: 120_000 },
  })
}
