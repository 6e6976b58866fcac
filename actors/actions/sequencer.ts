/** The actions of the sequencer. */
import { type Actions, reads, writes } from '#src/rules/actions.ts'
import { readAccounts, readPrivate } from '#src/sequencer/account-events.ts'
import { adoptHeads, headsOf } from '#src/sequencer/heads.ts'
import { append, appendPrivate, bounds, follow, read } from '#src/sequencer/log.ts'
import { size } from '#src/sequencer/log-size.ts'
import { stateSeqsOf } from '#src/sequencer/private-log.ts'
import { storedHead } from '#src/sequencer/stored-head.ts'

export const sequencerActions = {
  // The ids of an account's events increase, so events that are in the log already are skipped.
  log: {
    ...reads({ read, readAccounts, readPrivate, follow, bounds, storedHead, size }),
    ...writes({ append, appendPrivate }),
  },
  heads: { ...reads({ of: headsOf, stateSeqs: stateSeqsOf }), ...writes({ adopt: adoptHeads }) },
} satisfies Actions
export type SequencerActions = typeof sequencerActions
