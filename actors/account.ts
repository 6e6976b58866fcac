/** The account actor, one for each DID: a table of contents. */
import { actor } from 'rivetkit'
import { admitOnly } from '#actors/access.ts'
import { accountActions } from '#actors/actions/account.ts'
import { asActions } from '#actors/as-actions.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { lifecycleOf } from '#actors/lifecycle.ts'
import { closeAccount, openAccount } from '#actors/open-account.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { transactionGate } from '#actors/transaction-gate.ts'
import { accountSchema } from '#src/account/schema.ts'
import { TicketBook } from '#src/account/tickets.ts'

export function accountActor(settings: ActorSettings) {
  const book = new TicketBook()
  return actor({
    db: batchDatabase(accountSchema, (transaction) => transactionGate.account(transaction)),
    createConnState: admitOnly(settings.internalToken),
    ...lifecycleOf('account', settings.live, accountActions, {
      open: (c, hold) => openAccount(c, hold, settings, book),
      sleeps: true,
      close: (account) => closeAccount(account, settings),
    }),
    actions: asActions(accountActions),
    options: { sleepTimeout: settings.sleepTimeoutMs, actionTimeout: 120_000 },
  })
}
