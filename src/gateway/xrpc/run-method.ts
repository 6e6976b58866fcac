/** Runs a method whose caller, parameters and input are known: finds the account, and the member that acts as it. */
import type { WakeFor } from '#src/engine/wake-limit.ts'
import { actingMemberOf } from '#src/gateway/group/principal.ts'
import { networkOf } from '#src/gateway/http/client-address.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { clientLeft } from '#src/gateway/xrpc/connection.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

export interface RunnableCall {
  params: unknown
  input: unknown
  caller: unknown
  server: ServerContext
  request: Request
  incoming: ClientInfoSource
  requestId: string | undefined
}

/** `mayStop` is asked after the account was looked up. Throws as the method does. */
export async function runMethod(
  { findAccount }: { findAccount: FindAccount },
  method: Method,
  call: RunnableCall,
  mayStop: () => boolean = () => false,
): Promise<unknown> {
  if (method.of === undefined) return method.run(call)
  const name = method.of(call)
  const did = await findAccount(name)
  // A query has no effect but its answer.
  if (mayStop()) throw clientLeft()
  if (did === undefined) {
    if (method.runRemote !== undefined) return method.runRemote(call)
    throw method.unknown(name)
  }
  method.allow?.({ ...call, did })
  const { dispatch } = call.server
  const account = dispatch.account(did, ...otherCaller(call, method, did))
  const by = memberOf(call)
  if (by === undefined) return method.run({ ...call, did, account })
  return method.run({ ...call, did, account: asMember(account, by), by })
}

/**
 * The network of a caller who is not known to be the account or the admin, and what it wants: it reads another's
 * account, or its password is still to be checked. Empty for a known one: an account that sleeps wakes for it first.
 */
function otherCaller(
  { caller, incoming, server }: Pick<RunnableCall, 'caller' | 'incoming' | 'server'>,
  { verb }: Method,
  did: string,
): [network: string, wakeFor: WakeFor] | [] {
  if (incoming === undefined) return []
  const { did: own } = (caller ?? { did: undefined }) as { did?: string }
  const isOther = caller === undefined || (own !== undefined && own !== did)
  if (!isOther) return []
  return [networkOf(server.addressOf(incoming)), verb === 'GET' ? 'read' : 'sign in']
}

/** If a member acts as the account, the method's changes are attributed to that member. */
function memberOf(call: RunnableCall): ActingMember | undefined {
  const { actingMember } = (call.caller ?? {}) as Partial<AccountCaller>
  return actingMember && actingMemberOf(call, actingMember)
}
