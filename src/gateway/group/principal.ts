/** Who calls, as the audit log of a group names them. */
import { randomUUID } from 'node:crypto'
import { type ClientInfoSource, clientInfoOf } from '#src/gateway/http/client-info.ts'
import type { MemberCaller, PrincipalCaller } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { ActingMember, Principal } from '#src/rules/acting-member.ts'

interface Call {
  readonly request: Request
  readonly incoming?: ClientInfoSource
  readonly server: Pick<ServerContext, 'addressOf'>
}

/** `reason` is the one in the input, which counts before that of the header. */
export function principalOf(
  call: Call & { caller: PrincipalCaller },
  reason: string | undefined,
): Principal {
  const { did, clientId } = call.caller
  return { did, ...(clientId !== undefined && { client: clientId }), ...requestOf(call, reason) }
}

/** A member that acts as a group, in this call. */
export function actingMemberOf(call: Call, member: MemberCaller): ActingMember {
  return { ...member, ...requestOf(call), call: randomUUID() }
}

function requestOf(
  { request, incoming, server }: Call,
  reason: string | undefined = reasonOf(request),
): Omit<Principal, 'did' | 'client'> {
  const { ip, userAgent } = clientInfoOf(server.addressOf, incoming)
  return {
    ...(ip !== undefined && { ip }),
    ...(userAgent !== undefined && { userAgent }),
    ...(reason !== undefined && { reason }),
  }
}

/** Percent-encoded, because headers are ASCII. */
function reasonOf({ headers }: Request): string | undefined {
  const text = headers.get('x-audit-log-reason')
  if (text === null) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
