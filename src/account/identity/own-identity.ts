/** The account's own identity data, and how it announces changes of it. */
import type { Account } from '#src/account/account.ts'
import { auditRow } from '#src/account/audit.ts'
import { updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { encodeIdentityEvent } from '#src/protocol/events.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'
import type { AccountStatus } from '#src/rules/states.ts'

export interface OwnIdentity {
  handle: string | null
  signingKeyDid: string
  status: AccountStatus
}

/** Throws 400 InvalidRequest if the account does not exist. */
export async function getIdentity({ profile }: Account): Promise<OwnIdentity> {
  const row = await profile.find()
  if (row === undefined || row.status === 'deleted') throw invalidRequest('Account not found')
  const { handle, signingKeyDid, status } = row
  return { handle, signingKeyDid, status }
}

/**
 * `by` is the member of a group that has changed the handle. Its role was asked for before the change was published, and
 * does not count any more: what is published must be completed.
 */
export async function setHandle(
  account: Account,
  { handle, by }: { handle: string; by?: ActingMember | undefined },
): Promise<void> {
  const { did, clock, lane, profile } = account
  try {
    await lane.write(async ({ head }) => {
      const before = await getIdentity(account)
      const time = new Date(clock.now()).toISOString()
      const event =
        before.handle === handle ? [] : addSecurityEvent(account, 'handle changed', {}, handle)
      return {
        answer: undefined,
        head,
        statements: [...memberRow(account, by, handle), updateProfile({ handle }), ...event],
        events: [encodeIdentityEvent({ did, time, handle })],
        onDurable: () => profile.forget(),
      }
    })
  } finally {
    profile.forget()
  }
}

/** #identity without a handle: consumers resolve the DID again. `by` as for `setHandle`. */
export async function announceIdentity(
  account: Account,
  { by }: { by?: ActingMember | undefined } = {},
): Promise<void> {
  const { did, clock, lane } = account
  await lane.write(async ({ head }) => {
    await getIdentity(account)
    const time = new Date(clock.now()).toISOString()
    const events = [encodeIdentityEvent({ did, time })]
    return { answer: undefined, head, statements: memberRow(account, by), events }
  })
}

function memberRow(account: Account, by: ActingMember | undefined, target?: string): Statement[] {
  return by === undefined
    ? []
    : [auditRow(account, by, by.role, { action: 'identity changed', target }, by.call)]
}
