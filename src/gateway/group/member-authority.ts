/** What a member may do as a group: asked of the group for each call, so that a change of its role counts at once. */
import type { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import type { Authority } from '#src/account/group/authorize.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { forbidden } from '#src/errors.ts'
import { permissionsCache } from '#src/gateway/oauth/permissions-cache.ts'
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'

export interface MemberAuthority {
  /** Of a session that this server has issued. Throws as the group's `authorize`, and 403 AccountNotFound. */
  ofSession(session: { did: string; member: string; sessionId?: string }): Promise<AccountCaller>
  /** Of who has proved to be `member`. Throws 403 NotAMember, also if there is no such group. */
  ofCaller(call: { did: string; member: string; client: string }): Promise<AccountCaller>
}

/** The scope of a caller that acts as a group; its permissions say what it may do. */
const SCOPE = 'member'

export function openMemberAuthority({
  dispatch,
  findAccount,
}: {
  dispatch: Dispatch
  findAccount: FindAccount
}): MemberAuthority {
  const permissions = permissionsCache()
  return {
    async ofSession({ did, member, sessionId }) {
      if ((await findAccount(did)) === undefined) {
        throw forbidden('Account not found', 'AccountNotFound')
      }
      const session = sessionId === undefined ? {} : { session: sessionId }
      const authority = await dispatch.account(did).group.authorize({ member, ...session })
      return callerOf({ did, member, client: 'session' }, authority, permissions)
    },
    async ofCaller({ did, member, client }) {
      // Whoever is no member must not wake a group that sleeps, so the directory is asked first.
      const { memberships } = dispatch.directory
      const mayBeMember =
        dispatch.isAwake(did) || (await memberships.find({ account: did, member })) !== null
      if (!mayBeMember) throw forbidden('You are not a member of this group', 'NotAMember')
      const authority = await dispatch.account(did).group.authorize({ member })
      return callerOf({ did, member, client }, authority, permissions)
    },
  }
}

function callerOf(
  { did, member, client }: { did: string; member: string; client: string },
  { name: role, revision, scope }: Authority,
  permissionsOf: (scope: string) => ScopePermissionsTransition,
): AccountCaller {
  return {
    did,
    scope: SCOPE,
    permissions: permissionsOf(scope),
    actingMember: { did: member, role, revision, client },
  }
}
