/** What a member may do as a group: asked of the group for each call, so that a change of its role counts at once. */
import type { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import type { Authority } from '#src/account/group/authorize.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { forbidden } from '#src/errors.ts'
import { notAMember } from '#src/gateway/group/not-a-member.ts'
import { permissionsCache } from '#src/gateway/oauth/permissions-cache.ts'
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DidSource } from '#src/ports/did-resolver.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import { type AccountStatus, may } from '#src/rules/states.ts'

export interface MemberAuthority {
  /** Of a session that this server has issued. Throws as the group's `authorize`, and 403 AccountNotFound. */
  ofSession(session: {
    did: string
    member: string
    client: string
    sessionId?: string
  }): Promise<AccountCaller>
  /** Of who has proved to be `member`. Throws 403 NotAMember, also if there is no such group. */
  ofCaller(call: { did: string; member: string; client: string }): Promise<AccountCaller>
}

/** The scope of a caller that acts as a group; its permissions say what it may do. */
const SCOPE = 'member'
const MAX_MEMBERS = 10_000
/** After a takedown of a member's own account it may act for so long. */
const STATUS_LIFETIME_MS = 5_000

export function openMemberAuthority({
  findAccount,
  ...ports
}: OwnStatusPorts & { dispatch: Dispatch; findAccount: FindAccount }): MemberAuthority {
  const { dispatch } = ports
  const permissions = permissionsCache()
  const mayAct = openOwnStatuses(ports)
  return {
    async ofSession({ did, member, client, sessionId }) {
      if (!(await mayAct(member))) throw notAMember()
      if ((await findAccount(did)) === undefined) {
        throw forbidden('Account not found', 'AccountNotFound')
      }
      const session = sessionId === undefined ? {} : { session: sessionId }
      const authority = await dispatch.account(did).group.authorize({ member, ...session })
      return callerOf({ did, member, client }, authority, permissions)
    },
    async ofCaller({ did, member, client }) {
      // A caller that is not a member must not wake a sleeping group, so the directory is asked first.
      const { memberships } = dispatch.directory
      const mayBeMember =
        dispatch.isAwake(did) || (await memberships.find({ account: did, member })) !== null
      if (!mayBeMember || !(await mayAct(member))) throw notAMember()
      const authority = await dispatch.account(did).group.authorize({ member })
      return callerOf({ did, member, client }, authority, permissions)
    },
  }
}

/** Whether the member's own account may do anything; true if it is of another server. */
export type OwnStatuses = (member: string) => Promise<boolean>

export interface OwnStatusPorts {
  dispatch: Pick<Dispatch, 'directory'>
  resolver: DidSource
  service: { publicUrl: string }
  clock: Clock
}

export function openOwnStatuses({
  dispatch: { directory },
  resolver,
  service,
  clock,
}: OwnStatusPorts): OwnStatuses {
  /** The directory forgets a deleted account, whose document still names this server, or is gone. */
  async function isElsewhere(member: string): Promise<boolean> {
    const document = await resolver.resolve(member)
    if (document === undefined) return false
    const pds = serviceEndpoint(document, 'atproto_pds', 'AtprotoPersonalDataServer')
    return pds === undefined || URL.parse(pds)?.origin !== new URL(service.publicUrl).origin
  }

  const known = new BoundedMap<string, { isUsable: boolean; until: number }>(MAX_MEMBERS)
  return async (member) => {
    const now = clock.now()
    const found = known.get(member)
    if (found !== undefined && now < found.until) return found.isUsable
    const account = await directory.accounts.find({ identifier: member })
    const isUsable =
      account === null ? await isElsewhere(member) : may('manage', account.status as AccountStatus)
    known.set(member, { isUsable, until: now + STATUS_LIFETIME_MS })
    return isUsable
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
