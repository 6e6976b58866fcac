/** What the methods of dev.headwater.group have in common: who may call them, and for which group. */
import { ScopePermissions } from '@atproto/oauth-scopes'
import { forbidden, invalidRequest } from '#src/errors.ts'
import { groupAudience } from '#src/gateway/group/audience.ts'
import { principalOf } from '#src/gateway/group/principal.ts'
import type { Permissions, PrincipalCaller } from '#src/gateway/xrpc/callers.ts'
import type { AccountMethodCall, MethodCall } from '#src/gateway/xrpc/method.ts'
import type { Schema } from '#src/gateway/xrpc/method-schema.ts'
import { withScopeErrors } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

/**
 * An app needs `rpc:<the method>?aud=<the server's DID>#group`. `transition:generic`, which stands for an app password,
 * is not enough.
 */
export function mayCall(lexicon: { main: { nsid: string } }) {
  return (
    _: Permissions,
    { server, caller }: { server: ServerContext; caller: PrincipalCaller },
  ) => {
    const aud = groupAudience(server.service.did)
    new ScopePermissions(caller.scopes ?? '').assertRpc({ aud, lxm: lexicon.main.nsid })
  }
}

const unknown = (name: string) => invalidRequest(`There is no such group here: ${name}`, 'NotFound')

const allow = ({ caller, did }: { caller: PrincipalCaller; did: string }) => {
  if (caller.group !== undefined && caller.group !== did) {
    throw forbidden('This session or act-as is for another group')
  }
  // A member may get a service token in the group's name, which must not make it more than a member.
  const isItself = caller.permissions !== undefined || caller.scope === accessScope
  if (caller.did === did && !isItself) {
    throw forbidden('The group itself must sign in for this', 'NotAMember')
  }
}

/** A procedure on the group that its input names. */
export const onGroup = {
  auth: 'full principal',
  of: ({ input }: { input: { account: string } }) => input.account,
  unknown,
  allow,
} as const

/** A query about the group that its parameters name. */
export const aboutGroup = {
  auth: 'principal',
  of: ({ params }: { params: { account: string } }) => params.account,
  unknown,
  allow,
} as const

type GroupCall = Pick<MethodCall<Schema, 'principal'>, 'caller' | 'request' | 'server' | 'incoming'>

export function byOf(call: GroupCall & { input?: unknown }): Principal {
  const { reason } = (call.input ?? {}) as { reason?: string }
  return principalOf(call, reason)
}

/** ISO 8601 to milliseconds since 1970. Throws 400. */
export function momentOf(text: string): number {
  const moment = Date.parse(text)
  if (Number.isNaN(moment)) throw invalidRequest(`Not a time: ${text}`)
  return moment
}

/** Throws 400 NotAPrincipal: groups are not members of groups. */
export async function mustBePrincipal({ dispatch }: ServerContext, did: string): Promise<void> {
  if (!(await dispatch.directory.memberships.isGroup({ did }))) return
  throw invalidRequest('A group cannot be a member of a group', 'NotAPrincipal')
}

type ChangeCall = AccountMethodCall<Schema, 'full principal'>

/**
 * An app that calls a method needs the scope of another one too, which does what this call amounts to. Throws 403
 * ScopeMissingError.
 */
export function mustMayCall(call: ChangeCall, lexicon: { main: { nsid: string } }): void {
  const { permissions } = call.caller
  if (permissions !== undefined) withScopeErrors(() => mayCall(lexicon)(permissions, call))
}

/** Makes the caller's own account a group. Throws 400 GroupExists, NotAPrincipal. */
export async function convertOwn(call: ChangeCall, owner: string): Promise<void> {
  const { account, caller, did, server } = call
  await mustBePrincipal(server, owner)
  const { groups } = await server.dispatch.directory.memberships.list({ member: did, limit: 1 })
  if (groups.length > 0) {
    throw invalidRequest('A member of a group cannot become a group', 'NotAPrincipal')
  }
  const session = caller.permissions === undefined ? caller.sessionId : undefined
  await account.group.convert({
    ...{ by: byOf(call), owner },
    ...(session !== undefined && { session }),
  })
}
