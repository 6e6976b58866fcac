/** Ownership of a group changes hands in two steps: an owner offers it, and the other accepts. */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { changeGroup, mustBeAllowed, mustBeGroup } from '#src/account/group/change.ts'
import {
  type InvitationRow,
  selectInvitations,
  storeInvitation,
} from '#src/account/group/invitations.ts'
import {
  deleteMember,
  findMember,
  type MemberRow,
  mustHaveRoomForMember,
  storeMember,
} from '#src/account/group/member-rows.ts'
import { deleteRequest, mustBePrincipal } from '#src/account/group/members.ts'
import { unlessEndedByClaim } from '#src/account/sessions/claim-turns.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { ADMIN, builtInRole, OWNER } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const OFFER_MS = 7 * 24 * 60 * 60 * 1000
/** The id of the one offer that a group may have. */
const ID = 'transfer'

/** For seven days. A new offer replaces the one before. Throws 400 NotAPrincipal, 403 NotAMember, Forbidden. */
export async function offerOwnership(
  account: Account,
  { by, to }: { by: Principal; to: string },
  key?: IdempotencyKey,
): Promise<{ expiresAt: string }> {
  return changeGroup(account, by, key, async (own) => {
    mustBeAllowed(own, 'transfer')
    await mustBeGroup(account)
    mustBePrincipal(account, to)
    if (to === by.did) throw invalidRequest('You are an owner already', 'MemberExists')
    const now = account.clock.now()
    const offer: InvitationRow = {
      ...{ id: ID, kind: 'transfer', role: OWNER, forWhom: to, usesLeft: 1, approval: 0 },
      ...{ note: null, createdBy: by.did, createdAt: now, expiresAt: now + OFFER_MS },
    }
    return {
      answer: { expiresAt: isoTime(offer.expiresAt) },
      statements: [deleteOffer(), storeInvitation(offer)],
      audit: { action: 'ownership offered', target: to },
    }
  })
}

/**
 * The caller becomes an owner, and who has offered it an admin. Throws 400 TransferExpired if there is no offer to the
 * caller, or who made it is no owner any more.
 */
export async function acceptOwnership(
  account: Account,
  { by }: { by: Principal },
  key?: IdempotencyKey,
): Promise<{ role: string }> {
  return changeGroup(account, by, key, async () => {
    const now = account.clock.now()
    const offer = await account.sql.first<InvitationRow>(
      `${selectInvitations} WHERE id = ? AND for_whom = ? AND expires_at > ?`,
      ...[ID, by.did, now],
    )
    const former = offer && (await findMember(account, offer.createdBy))
    const isByAccount = offer?.createdBy === account.did
    if (offer === undefined || (!isByAccount && former?.role !== OWNER)) {
      throw invalidRequest('The ownership is not offered to you any more', 'TransferExpired')
    }
    const before = await findMember(account, by.did)
    if (before === undefined) await mustHaveRoomForMember(account)
    const owner: MemberRow = {
      ...{ kind: 'person' as const, addedBy: offer.createdBy, addedAt: now, note: null },
      ...before,
      ...{ did: by.did, role: OWNER, expiresAt: null },
    }
    const admin = former && { ...former, role: ADMIN }
    return {
      answer: { role: OWNER },
      statements: [
        ...(before === undefined ? deleteMember(account, by.did) : []),
        storeMember(owner),
        ...(admin ? [storeMember(admin)] : []),
        deleteOffer(),
        deleteRequest(by.did),
      ],
      audit: { action: 'ownership accepted', target: by.did, detail: `from ${offer.createdBy}` },
      overlay: (did, member) => {
        if (did === by.did) return { role: builtInRole(OWNER)!, expiresAt: null }
        return did === former?.did ? { role: builtInRole(ADMIN)!, expiresAt: null } : member
      },
      mirror: [owner, ...(admin ? [admin] : [])],
    }
  })
}

/**
 * Makes an ordinary account a group, at its own wish. Throws 400 GroupExists, NotAPrincipal, ExpiredToken if a claim has
 * ended the `session`; 403 NotAMember.
 */
export async function convert(
  account: Account,
  { session, ...input }: { by: Principal; owner: string; session?: string },
  key?: IdempotencyKey,
): Promise<void> {
  await unlessEndedByClaim(account, session, () => toGroup(account, input, key))
  // That of a group is longer.
  await account.history.load()
}

function toGroup(
  account: Account,
  { by, owner: did }: { by: Principal; owner: string },
  key: IdempotencyKey | undefined,
): Promise<void> {
  return changeGroup(account, by, key, async () => {
    if (by.did !== account.did) throw notAMember()
    mustBePrincipal(account, did)
    if ((await account.sql.first('SELECT 1 FROM member LIMIT 1')) !== undefined) {
      throw invalidRequest('This account is a group already', 'GroupExists')
    }
    const owner: MemberRow = {
      ...{
        did,
        role: OWNER,
        kind: 'person' as const,
        addedBy: account.did,
        addedAt: account.clock.now(),
      },
      ...{ expiresAt: null, note: null },
    }
    return {
      answer: undefined,
      statements: [storeMember(owner)],
      audit: { action: 'group created', target: did, detail: 'from an account' },
      overlay: (other, member) =>
        other === did ? { role: builtInRole(OWNER)!, expiresAt: null } : member,
      mirror: [owner],
    }
  })
}

function deleteOffer(): Statement {
  return { sql: 'DELETE FROM invitation WHERE id = ?', params: [ID] }
}
