/** A request to the pages of a group: a member with its current role, or the group's account itself. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import type { MemberAuthority } from '#src/gateway/group/member-authority.ts'
import { notAMember } from '#src/gateway/group/not-a-member.ts'
import {
  type CallMethod,
  callMethodsAs,
  type MethodPorts,
} from '#src/gateway/pages/area/call-methods.ts'
import { eventsOfGroup } from '#src/gateway/pages/group/group-events.ts'
import { groupPath } from '#src/gateway/pages/group/group-path.ts'
import { historyMembers } from '#src/gateway/pages/group/history-members.ts'
import { type GroupMessages, groupTexts } from '#src/gateway/pages/group/texts.ts'
import type { HistoryVisit } from '#src/gateway/pages/history/history-visit.ts'
import { requireOwner } from '#src/gateway/pages/owner.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { PAGE } from '#src/rules/commit-clients.ts'
import { type ManageFlag, manageFlags, OWNER } from '#src/rules/group-roles.ts'
import { isPublicName, normalizeIdentifier } from '#src/rules/identifiers.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

export interface GroupContext extends PageContext, Omit<MethodPorts, 'rateLimits'> {
  server: ServerContext
  members: Pick<MemberAuthority, 'ofCaller'>
}

export interface GroupVisit extends HistoryVisit {
  context: GroupContext
  c: Context<Env>
  text: GroupMessages['text']
  group: { did: string; handle: string; status: string }
  /** Of the account that is signed in. */
  did: string
  role: string
  /** OAuth scopes, separated by spaces. */
  scope: string
  manage: ReadonlySet<ManageFlag>
  /** As the member, for the methods of dev.headwater.group and dev.headwater.history. */
  call: CallMethod
  /** As the group, by the member: for its records and its state. Throws 403 NotAMember. */
  callAsGroup(): Promise<CallMethod>
  /** Requests to join that this member may accept; for the navigation. */
  requests: number
}

export interface SignedIn {
  did: string
  name: string
  call: CallMethod
}

/** Throws 401 unless the browser has a session of an account here. */
export async function signedIn(
  context: GroupContext,
  c: Context<Env>,
  session: PageSession,
): Promise<SignedIn> {
  const { pageToken, name } = await requireOwner(context, session)
  const { did } = pageToken
  return {
    did,
    name,
    call: callMethodsAs(context, c, { did, scope: accessScope, clientId: PAGE }),
  }
}

/** Throws 404 NotFound, 403 NotAMember, and as `signedIn`. A caller that is not a member does not wake the group. */
export async function visitGroup(
  context: GroupContext,
  c: Context<Env>,
  session: PageSession,
): Promise<GroupVisit> {
  const { did, name, call } = await signedIn(context, c, session)
  const found = await findGroup(context, c.req.param('group') ?? '')
  const { memberships } = context.server.dispatch.directory
  const isItself = found.did === did
  if (!isItself && (await memberships.find({ account: found.did, member: did })) === null) {
    throw notAMember()
  }
  const me = isItself ? itself : await call(group.getMe, { params: { account: found.did } })
  const manage = new Set(me.manage as ManageFlag[])
  const visit: GroupVisit = {
    ...{ session, owner: name, base: groupPath(found.handle), label: found.handle },
    ...{ context, c, text: groupTexts(session).text, group: found, did, call, manage },
    ...{ role: me.role, scope: me.scope },
    requests: manage.has('requests') ? await countRequests(call, found.did) : 0,
    async callAsGroup() {
      if (isItself) {
        return callMethodsAs(context, c, { did, scope: accessScope, clientId: PAGE })
      }
      const caller = await context.members.ofCaller({
        ...{ did: found.did, member: did, client: PAGE },
      })
      return callMethodsAs(context, c, caller)
    },
    history: {
      ...{ did: found.did, reader: did, handle: found.handle, server: context.server },
      isAllowed: manage.has('history'),
      events: () => eventsOfGroup(visit),
      members: historyMembers(() => visit),
    },
  }
  return visit
}

const itself = { role: OWNER, scope: '', manage: manageFlags }

/** Throws 404 if there is no such group here. */
export async function findGroup(
  { server }: Pick<GroupContext, 'server'>,
  name: string,
): Promise<{ did: string; handle: string; status: string }> {
  const { accounts, memberships } = server.dispatch.directory
  const identifier = normalizeIdentifier(name)
  const found = isPublicName(identifier) ? await accounts.find({ identifier }) : null
  if (found !== null && (await memberships.isGroup({ did: found.did }))) return found
  throw new XrpcError(404, 'NotFound', 'There is no such group here')
}

async function countRequests(call: CallMethod, account: string): Promise<number> {
  const { requests } = await call(group.listJoinRequests, { params: { account } })
  return requests.length
}
