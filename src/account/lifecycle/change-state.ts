/** The one function that changes an account's state: row, side effects and events in one transaction. */
import type { Account } from '#src/account/account.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import type { Head } from '#src/account/head.ts'
import { deleteAuthorizedClients } from '#src/account/oauth/devices-and-clients.ts'
import { deleteAllGrants } from '#src/account/oauth/grants.ts'
import { addPrivateEvent } from '#src/account/private-events.ts'
import { type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import { deleteAllAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { carFile } from '#src/protocol/car.ts'
import { encodeAccountEvent, encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import type { AccountStatus } from '#src/rules/states.ts'
import { formatAccountStatus, mustManage, statusOf } from '#src/rules/states.ts'

/**
 * Absent members leave the state unchanged. `active`: false deactivates; true ends a deactivation and cancels its
 * deletion. `dropCredentials` revokes OAuth grants, authorized clients and app passwords.
 */
export interface StateChange {
  active?: boolean
  deleteAfter?: string | null
  takedownRef?: string | null
  suspended?: boolean
  dropCredentials?: boolean
}

/**
 * Changes the state and emits #account and, if the account was activated, #identity and #sync. A takedown ends all
 * sessions, as `endAllSessions`. Idempotent, except that the events are emitted again. Pushes the state to the directory before it resolves
 * or, if the directory cannot be reached, as soon as it can. Throws 400 InvalidRequest for a deleted account, 400
 * AccountNotFound for activating one that is taken down, and 401 AccountTakedown for activating a suspended one.
 */
export function changeState(
  account: Account,
  change: StateChange,
): Promise<{ status: AccountStatus }> {
  const run = () => runChange(account, change)
  // No app password is created between the look at them and their end.
  return change.dropCredentials ? account.factorMutex.run(run) : run()
}

async function runChange(
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
            ...securityEventsOf(account, row, next),
            ...moderationEventsOf(account, row, next),
            ...(next.takedownRef === null ? [] : endAllSessions(account)),
            ...(change.dropCredentials
              ? [
                  ...deleteAllGrants(account),
                  deleteAuthorizedClients(),
                  ...(await deleteAllAppPasswords(account)),
                ]
              : []),
            ...statusEventOf(account, row, next),
          ],
          events: firehoseEventsOf(account, head, row, next.status, change.active === true),
        }
      })
      account.profile.forget()
      // If this fails, the delivery of the event in the outbox pushes the state again.
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
  const requested = change.deleteAfter === undefined ? row.deleteAfter : change.deleteAfter
  if (change.active === true && suspended) mustManage('suspended')
  const suspendedAt = suspended ? (row.suspendedAt ?? now) : null
  const state = { deactivatedAt, deleteAfter: active ? null : requested, takedownRef, suspendedAt }
  return { ...state, status: statusOf(state) }
}

function securityEventsOf(account: Account, before: ProfileRow, next: State): Statement[] {
  const [was, is] = [before.deactivatedAt !== null, next.deactivatedAt !== null]
  return was === is ? [] : addSecurityEvent(account, is ? 'deactivated' : 'reactivated')
}

function moderationEventsOf(account: Account, before: ProfileRow, next: State): Statement[] {
  const takedown = next.takedownRef !== null
  if (takedown === (before.takedownRef !== null)) return []
  const subject = { $type: 'com.atproto.admin.defs#repoRef', did: account.did } as const
  return [addPrivateEvent(account, '#moderation', { subject, takedown })]
}

function statusEventOf(account: Account, before: ProfileRow, next: State): Statement[] {
  const [from, to] = [before.status, next.status]
  return from === to ? [] : [addPrivateEvent(account, '#status', { from, to })]
}

function firehoseEventsOf(
  { did, clock }: Account,
  head: Head,
  { handle }: ProfileRow,
  status: AccountStatus,
  activated: boolean,
): EncodedEvent[] {
  const time = new Date(clock.now()).toISOString()
  const accountEvent = encodeAccountEvent({ did, time, ...formatAccountStatus(status) })
  if (!activated || status !== 'active') return [accountEvent]
  const blocks = carFile(head.cid, [[head.cid, head.block]])
  return [
    accountEvent,
    encodeIdentityEvent({ did, time, ...(handle !== null && { handle }) }),
    encodeSyncEvent({ did, time, commit: head.cid, rev: head.rev, blocks }),
  ]
}
