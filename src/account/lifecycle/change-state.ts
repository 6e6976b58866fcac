/** The one function that changes an account's state: the row, what must go with it, and the events, in one transaction. */
import type { Account } from '#src/account/account.ts'
import type { Head } from '#src/account/head.ts'
import { deleteAuthorizedClients } from '#src/account/oauth/devices-and-clients.ts'
import { deleteAllGrants } from '#src/account/oauth/grants.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { noteSecurityEvent } from '#src/account/security-events.ts'
import { deleteAllAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { carFile } from '#src/protocol/car.ts'
import { encodeAccountEvent, encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import type { AccountStatus } from '#src/rules/states.ts'
import { formatAccountStatus, mustManage } from '#src/rules/states.ts'

/** What is left out stays as it is. Times are ISO text. */
export interface StateChange {
  /** false deactivates; true ends a deactivation and the wish to be deleted with it. */
  active?: boolean
  /** When a deactivated account is to be deleted. */
  deleteAfter?: string | null
  /** Why the account is taken down; null ends that. */
  takedownRef?: string | null
  suspended?: boolean
  /** Whether apps lose what they may do, and app passwords end. A takedown takes it from all of them as well. */
  dropCredentials?: boolean
}

/**
 * Changes the state, and announces it: #account, and where the account was activated also #identity and #sync. A
 * takedown ends every session. May be repeated: what is as it should be is only announced once more.
 * The directory hears of it before this resolves, or, where it cannot be reached, as soon as it can.
 * Throws 400 InvalidRequest for a deleted account, AccountNotFound where a taken-down one is to be activated, and 401
 * AccountTakedown where a suspended one is.
 */
export async function changeState(
  account: Account,
  change: StateChange,
): Promise<{ status: AccountStatus }> {
  return account.directoryMirror.runExclusive(async () => {
    try {
      const status = await account.lane.write(async ({ head }) => {
        const row = await account.profile.get()
        const next = nextState(account, row, change)
        account.directoryMirror.pendingStatus = next.status
        return {
          answer: next.status,
          head,
          statements: [
            updateProfile(next),
            ...eventOf(account, row, next),
            ...(next.takedownRef === null
              ? []
              : [{ sql: 'DELETE FROM refresh_token' }, deleteAllGrants()]),
            ...(change.dropCredentials
              ? [deleteAllGrants(), deleteAuthorizedClients(), ...deleteAllAppPasswords()]
              : []),
          ],
          events: eventsOf(account, head, row, next.status, change.active === true),
        }
      })
      account.profile.forget()
      // Where this fails the event, which waits in the outbox, brings it there.
      await account.directoryMirror.push().catch(() => {})
      return { status }
    } finally {
      account.accessTokens.clear()
      account.directoryMirror.pendingStatus = undefined
      account.profile.forget()
    }
  })
}

type State = Pick<
  ProfileRow,
  'status' | 'deactivatedAt' | 'deleteAfter' | 'takedownRef' | 'suspendedAt'
>

function nextState({ clock }: Account, row: ProfileRow, change: StateChange): State {
  if (row.status === 'deleted') throw invalidRequest('Account not found')
  const now = new Date(clock.now()).toISOString()
  const takedownRef = change.takedownRef === undefined ? row.takedownRef : change.takedownRef
  if (change.active === true && takedownRef !== null) {
    throw invalidRequest('user not found', 'AccountNotFound')
  }
  const { active = row.deactivatedAt === null, suspended = row.suspendedAt !== null } = change
  const deactivatedAt = active ? null : (row.deactivatedAt ?? now)
  const wish = change.deleteAfter === undefined ? row.deleteAfter : change.deleteAfter
  if (change.active === true && suspended) mustManage('suspended')
  const suspendedAt = suspended ? (row.suspendedAt ?? now) : null
  const state = { deactivatedAt, deleteAfter: active ? null : wish, takedownRef, suspendedAt }
  return { ...state, status: statusOf(state) }
}

/** The state that the columns add up to: the gravest. */
export function statusOf(state: Omit<State, 'status'>): AccountStatus {
  if (state.takedownRef !== null) return 'takendown'
  if (state.suspendedAt !== null) return 'suspended'
  return state.deactivatedAt === null ? 'active' : 'deactivated'
}

/** What its owner is told of a deactivation, and of its end. */
function eventOf(account: Account, before: ProfileRow, next: State): Statement[] {
  const [was, is] = [before.deactivatedAt !== null, next.deactivatedAt !== null]
  return was === is ? [] : noteSecurityEvent(account, is ? 'deactivated' : 'reactivated')
}

function eventsOf(
  { did, clock }: Account,
  head: Head,
  { handle }: ProfileRow,
  status: AccountStatus,
  activated: boolean,
): EncodedEvent[] {
  const time = new Date(clock.now()).toISOString()
  const told = encodeAccountEvent({ did, time, ...formatAccountStatus(status) })
  if (!activated || status !== 'active') return [told]
  const blocks = carFile(head.cid, [[head.cid, head.block]])
  return [
    told,
    encodeIdentityEvent({ did, time, ...(handle !== null && { handle }) }),
    encodeSyncEvent({ did, time, commit: head.cid, rev: head.rev, blocks }),
  ]
}
