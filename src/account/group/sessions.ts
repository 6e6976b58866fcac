/** Sessions in which a member acts as the group, for clients that know nothing but sessions. */
import type { Account } from '#src/account/account.ts'
import { notAMember } from '#src/account/acting.ts'
import { changeGroup } from '#src/account/group/change.ts'
import { endSessions, storeMemberToken } from '#src/account/sessions/refresh-tokens.ts'
import { memberSession, type Session } from '#src/account/sessions/sessions.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { newTokenId, tokenIdOf } from '#src/rules/session-tokens.ts'

export interface MemberSession extends Session {
  role: string
  /** What the role allows. */
  scope: string
  act: { sub: string }
}

/** Throws 403 NotAMember, and as the account's state demands. */
export async function createMemberSession(
  account: Account,
  { by }: { by: Principal },
  key?: IdempotencyKey,
): Promise<MemberSession> {
  const tokenId = key === undefined ? newTokenId() : tokenIdOf(key)
  return changeGroup(account, by, key, async (own) => {
    // The account itself signs in with its password.
    if (own === undefined || by.did === account.did) throw notAMember()
    const session = await memberSession(account, { tokenId, member: by.did })
    const now = account.clock.now()
    const { name: role, scope } = own
    return {
      answer: { ...session, role, scope, act: { sub: by.did } },
      statements: [
        ...storeMemberToken(account, tokenId, now, by.did),
        ...endSessions(account, now),
      ],
      audit: { action: 'session created' },
    }
  })
}
