/** The moments that the methods of the history are about: a rev of the repo, or a time. */
import type { Account } from '#src/account/account.ts'
import { mustMayRead } from '#src/account/group/change.ts'
import { invalidRequest } from '#src/errors.ts'
import { isTid, tid } from '#src/protocol/tid.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { Role } from '#src/rules/group-roles.ts'

/**
 * A rev, or the last one that a commit at this time could have; at most `head`, if it is given. Throws 400
 * InvalidRequest.
 */
export function revAt(at: string, head?: string): string {
  const rev = parse(at)
  if (head !== undefined && rev > head) return head
  return rev
}

function parse(at: string): string {
  if (isTid(at)) return at
  const moment = Date.parse(at)
  if (Number.isNaN(moment) || moment < 0) throw invalidRequest(`Neither a rev nor a time: ${at}`)
  return tid(moment * 1000 + 999, 1023)
}

/**
 * The rev at which the history begins, if the caller may read it. Throws 400 HistoryOff; 403 NotAMember, Forbidden; and
 * for the account's state as `mustManage`.
 */
export async function mustMayReadHistory(
  account: Account,
  by: Principal,
): Promise<{ own: Role; since: string }> {
  const own = await mustMayRead(account, by, 'history')
  const state = await account.history.load()
  if (!state?.since) throw historyOff()
  return { own, since: state.since }
}

export function historyOff() {
  return invalidRequest('This account keeps no history', 'HistoryOff')
}

/** Throws 400 RevNotAvailable if the repo at this rev is not in the history. */
export function mustReach(rev: string, since: string): void {
  if (rev < since) throw notAvailable(`The history of this account begins at ${since}`)
}

export function notAvailable(message: string) {
  return invalidRequest(message, 'RevNotAvailable')
}
