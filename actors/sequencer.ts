/** The sequencer actor, one for the server. */
import { actor } from 'rivetkit'
import { requireInternalToken } from '#actors/access.ts'
import { sequencerActions } from '#actors/actions/sequencer.ts'
import { batchDatabase } from '#actors/batch-database.ts'
import { actorLifecycle } from '#actors/lifecycle.ts'
import { toRivetActions } from '#actors/rivet-actions.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { transactionGate } from '#actors/transaction-gate.ts'
import { openSequencer, type Sequencer } from '#src/sequencer/sequencer.ts'

export function sequencerActor(settings: ActorSettings) {
  return actor({
    db: batchDatabase(settings),
    createConnState: requireInternalToken('sequencer', settings),
    ...actorLifecycle('sequencer', settings, sequencerActions, {
      schema: settings.schemas.sequencer,
      sleeps: false,
      open: (c) =>
        openSequencer({
          sql: c.db,
          clock: settings.clock,
          timer: settings.timer,
          backfillMs: settings.backfillMs,
          inTurn: (transaction) => transactionGate.sequencer(transaction),
          holdSubscribed: () => transactionGate.holdSubscribed(),
        }),
      // A follower would keep the actor awake for as long as it may wait.
      close: (sequencer: Sequencer) => sequencer.tail.close(),
    }),
    actions: toRivetActions(sequencerActions, settings),
    options: { noSleep: true, actionTimeout: 60_000 },
  })
}
