/** Requests to join a group, which a link with approval makes; and how a DID becomes a member. */
import type { Account } from '#src/account/account.ts'
import {
  type Change,
  changeGroup,
  mustBeAllowed,
  mustCover,
  mustMayRead,
  roleOfCaller,
} from '#src/account/group/change.ts'
import {
  deleteMember,
  type MemberRow,
  mustHaveRoomForMember,
  storeMember,
} from '#src/account/group/member-rows.ts'
import { currentMember, deleteRequest } from '#src/account/group/members.ts'
import { findRole } from '#src/account/group/roles.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { coversRole } from '#src/rules/group-roles.ts'
import { isoTime } from '#src/rules/iso-time.ts'

interface RequestRow {
  did: string
  role: string
  invitedBy: string
  text: string | null
  at: number
}

export interface RequestView {
  did: string
  role: string
  text?: string
  requestedAt: string
}

const MAX_REQUESTS = 200

const select = 'SELECT did, role, invited_by AS invitedBy, text, at FROM join_request'

/** Throws 400 TooManyRequests. A second request of the DID replaces its first. */
export async function requestsToJoin(
  account: Account,
  input: { did: string; role: string; invitedBy: string; text?: string | undefined },
): Promise<Change<{ status: 'requested'; role: string }>> {
  const { did, role, invitedBy, text } = input
  const row = await account.sql.first<{ others: number }>(
    'SELECT count(*) AS others FROM join_request WHERE did <> ?',
    did,
  )
  if ((row?.others ?? 0) >= MAX_REQUESTS) {
    throw invalidRequest('Too many others wait to join this group', 'TooManyRequests')
  }
  return {
    answer: { status: 'requested', role },
    statements: [
      {
        sql: `INSERT OR REPLACE INTO join_request (did, role, invited_by, text, at)
              VALUES (?, ?, ?, ?, ?)`,
        params: [did, role, invitedBy, text ?? null, account.clock.now()],
      },
    ],
    audit: { action: 'join requested', target: did, detail: role },
  }
}

/** What makes `did` a member; `audit` and `answer` are the caller's. */
export async function joins(
  account: Account,
  { did, role: name, addedBy }: { did: string; role: string; addedBy: string },
): Promise<Pick<Change<never>, 'statements' | 'overlay' | 'mirror'>> {
  const role = await findRole(account, name)
  const row: MemberRow = {
    ...{ did, role: name, kind: 'person' as const, addedBy, addedAt: account.clock.now() },
    ...{ expiresAt: null, note: null },
  }
  return {
    statements: [...deleteMember(account, did), storeMember(row), deleteRequest(did)],
    overlay: (other, member) => (other === did ? { role, expiresAt: null } : member),
    mirror: [{ did, role: name, expiresAt: null }],
  }
}

export async function listJoinRequests(
  account: Account,
  { by }: { by: Principal },
): Promise<{ requests: RequestView[] }> {
  await mustMayRead(account, by, 'requests')
  const rows = await account.sql.all<RequestRow>(`${select} ORDER BY at, did`)
  return { requests: rows.map(viewOf) }
}

/**
 * Accepts or declines. Who accepts may give the role that the link offered as long as the maker of the link may;
 * another one only if it has it. Throws 400 RequestNotFound, UnknownRole, TooManyMembers; 403 RoleTooHigh.
 */
export async function resolveJoinRequest(
  account: Account,
  input: { by: Principal; did: string; accept: boolean; role?: string },
  key?: IdempotencyKey,
): Promise<{ status: 'joined' | 'declined' }> {
  const { by, did, accept } = input
  return changeGroup<{ status: 'joined' | 'declined' }>(account, by, key, async (own) => {
    mustBeAllowed(own, 'requests')
    const request = await account.sql.first<RequestRow>(`${select} WHERE did = ?`, did)
    if (request === undefined) {
      throw invalidRequest('There is no such request', 'RequestNotFound')
    }
    if (!accept) {
      return {
        answer: { status: 'declined' },
        statements: [deleteRequest(did)],
        audit: { action: 'join declined', target: did },
      }
    }
    const name = input.role ?? request.role
    const role = await findRole(account, name)
    const maker = await roleOfCaller(account, { did: request.invitedBy })
    const isOffered = name === request.role && maker !== undefined && coversRole(maker, role)
    if (!isOffered) mustCover(own, role)
    if ((await currentMember(account, did)) !== undefined) {
      throw invalidRequest('This DID is a member already', 'MemberExists')
    }
    await mustHaveRoomForMember(account)
    return {
      ...(await joins(account, { did, role: name, addedBy: by.did })),
      answer: { status: 'joined' },
      audit: { action: 'member added', target: did, detail: `${name}, on request` },
    }
  })
}

function viewOf({ did, role, text, at }: RequestRow): RequestView {
  return { did, role, ...(text !== null && { text }), requestedAt: isoTime(at) }
}
