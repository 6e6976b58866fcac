/**
 * Heads and statuses of repos whose accounts sleep, from the directory and the sequencer. A relay asks for all of them,
 * and waking an account takes 0.1 s.
 */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { AccountStatus } from '#src/rules/states.ts'
import type { RepoHead } from '#src/sequencer/heads.ts'

/** An active repo, with its head; or the status of another. */
export type SleepingRepo =
  | { status: 'active'; head: RepoHead }
  | { status: Exclude<AccountStatus, 'active'> }

/**
 * Undefined if only the account knows: it is awake here, or it may have events that are not in the log yet, among them
 * those of a write that was answered a moment ago.
 */
export async function findSleepingRepo(
  dispatch: Pick<Dispatch, 'isAwake' | 'directory' | 'sequencer'>,
  did: string,
): Promise<SleepingRepo | undefined> {
  if (dispatch.isAwake(did)) return undefined
  const state = await dispatch.directory.accounts.getRepoState({ did })
  if (state === null) return { status: 'deleted' }
  const { status, mayHaveEvents } = state
  if (mayHaveEvents) return undefined
  if (status !== 'active') return { status }
  // After the look-up above: the log then has at least what it said.
  const { [did]: head } = await dispatch.sequencer.heads.of({ dids: [did] })
  return head && { status, head }
}
