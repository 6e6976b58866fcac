/** What the sequencer can be asked. */
import { type Actions, reads, writes } from '#src/rules/actions.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'

export const sequencerActions = {
  // An account's events have ids that only rise: what is in the log already is skipped.
  log: { ...reads({ read, follow, bounds }), ...writes({ append }) },
  heads: reads({ of: headsOf }),
} satisfies Actions
export type SequencerActions = typeof sequencerActions
