/**
 * App passwords of members, for clients that can only sign in with a password: createSession with one begins a session as
 * the group. The session may do what the member's role allows at each request, and ends with the membership.
 */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { changeGroup, mustMayRead } from '#src/account/group/change.ts'
import {
  deleteAppPassword,
  privateEventOf,
  storeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashAppPassword } from '#src/ports/passwords.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export interface MemberAppPassword {
  name: string
  createdAt: string
}

/** App passwords of one member. */
const MAX_APP_PASSWORDS = 20

interface Row {
  name: string
  createdAt: number
}

/** The caller makes the password. Throws 400 if the name is taken or there are too many; 403 NotAMember. */
export async function createMemberAppPassword(
  account: Account,
  { by, name, password }: { by: Principal; name: string; password: string },
  key?: IdempotencyKey,
): Promise<MemberAppPassword & { password: string }> {
  // Checked before the slow hash, and again in the write lane.
  await mustMayRead(account, by, 'any')
  const secret = await hashAppPassword(account.did, password)
  return changeGroup(account, by, key, async (own) => {
    // The account itself has its own app passwords (com.atproto.server).
    if (own === undefined || by.did === account.did) throw notAMember()
    const rows = await rowsOf(account, by.did)
    const stored = storedName(by.did, name)
    if (rows.some((row) => row.name === stored)) {
      throw invalidRequest(`You have an app password with this name already: ${name}`)
    }
    if (rows.length >= MAX_APP_PASSWORDS) throw invalidRequest('Too many app passwords')
    const createdAt = account.clock.now()
    const row = { name: stored, secret, privileged: 0, createdAt, member: by.did }
    return {
      answer: { ...viewOf(row, by.did), password },
      statements: [
        storeAppPassword(row),
        privateEventOf(account, 'created', { name: stored, privileged: false }),
      ],
      audit: { action: 'app password created', target: by.did, detail: name },
    }
  })
}

/** Lists the caller's own. Throws 403 NotAMember. */
export async function listMemberAppPasswords(
  account: Account,
  { by }: { by: Principal },
): Promise<{ passwords: MemberAppPassword[] }> {
  await mustMayRead(account, by, 'any')
  const rows = await rowsOf(account, by.did)
  return { passwords: rows.map((row) => viewOf(row, by.did)) }
}

/** Revokes one of the caller's own, with its sessions. Does nothing for an unknown name. Throws 403 NotAMember. */
export async function revokeMemberAppPassword(
  account: Account,
  { by, name }: { by: Principal; name: string },
  key?: IdempotencyKey,
): Promise<void> {
  return changeGroup(account, by, key, async (own) => {
    if (own === undefined || by.did === account.did) throw notAMember()
    const stored = storedName(by.did, name)
    const found = (await rowsOf(account, by.did)).some((row) => row.name === stored)
    const event = { name: stored, privileged: false }
    return {
      answer: undefined,
      statements: found
        ? [...deleteAppPassword(stored), privateEventOf(account, 'revoked', event)]
        : [],
      audit: { action: 'app password revoked', target: by.did, detail: name },
    }
  })
}

/** Unique in the account, so that two members may use the same name. */
function storedName(member: string, name: string): string {
  return `${member} ${name}`
}

function viewOf({ name, createdAt }: Row, member: string): MemberAppPassword {
  return {
    name: name.slice(storedName(member, '').length),
    createdAt: isoTime(createdAt),
  }
}

function rowsOf({ sql }: Account, member: string): Promise<Row[]> {
  return sql.all<Row>(
    `SELECT name, created_at AS createdAt FROM credential
     WHERE kind = 'app password' AND member = ? ORDER BY created_at DESC, name`,
    member,
  )
}
