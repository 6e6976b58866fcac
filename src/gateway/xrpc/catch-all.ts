/** Proxies calls of methods that this server does not implement, with service auth in the account's name. */

import { Readable } from 'node:stream'
import { forbidden, invalidRequest } from '#src/errors.ts'
import { actingMemberOf } from '#src/gateway/group/principal.ts'
import { rawBytes } from '#src/gateway/http/body-stream.ts'
import type { ClientInfoSource } from '#src/gateway/http/client-info.ts'
import type { RawResponse } from '#src/gateway/http/response.ts'
import { forwardedBodyHeaders, forwardedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import { isPrivilegedMethod, isProtectedMethod } from '#src/gateway/proxy/method-rules.ts'
import { passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import { pathOf } from '#src/gateway/proxy/services.ts'
import type { AccountCaller, Authenticate } from '#src/gateway/xrpc/callers.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import { withScopeErrors } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { asMember } from '#src/rules/acting-member.ts'
import { isPrivilegedScope } from '#src/rules/session-tokens.ts'

export interface CatchAllPorts {
  server: Pick<ServerContext, 'services' | 'dispatch' | 'addressOf'>
  authenticate: Authenticate
  findAccount: FindAccount
  bodyTimeoutMs: number
}

export type Body = () => Readable

/** Checks in the reference's order. */
export async function proxyUnknownMethod(
  { server, authenticate, findAccount, bodyTimeoutMs }: CatchAllPorts,
  nsid: string,
  request: Request,
  body: Body,
  incoming?: ClientInfoSource,
): Promise<RawResponse> {
  const { services } = server
  const verb = verbOf(request)
  if (isProtectedMethod(nsid)) throw badMethod()
  const { headers } = request
  const target = await services.findTarget(nsid, headers.get('atproto-proxy') ?? undefined)
  const header = headers.get('authorization') ?? undefined
  const authRequest = {
    method: verb,
    url: request.url,
    header: (name: string) => headers.get(name) ?? undefined,
  }
  const caller = (await authenticate('account', header, nsid, authRequest)) as AccountCaller
  const { did, permissions } = caller
  if (permissions !== undefined) {
    withScopeErrors(() =>
      permissions.assertRpc({ aud: `${target.did}#${target.serviceId}`, lxm: nsid }),
    )
  } else if (isPrivilegedMethod(nsid) && !isPrivilegedScope(caller.scope)) throw badMethod()
  if ((await findAccount(did)) === undefined) {
    throw forbidden('Account not found', 'AccountNotFound')
  }
  const { actingMember } = caller
  if (actingMember !== undefined && verb === 'POST') {
    // What the service stores does not name the member.
    const call = { request, server, ...(incoming && { incoming }) }
    const account = asMember(server.dispatch.account(did), actingMemberOf(call, actingMember))
    await account.group.noteCall({ lxm: nsid, aud: target.did })
  }
  const sendsBody = verb === 'POST' && hasBody(headers)
  const response = await services.send(
    {
      method: verb,
      origin: target.url,
      path: pathOf(request),
      headers: {
        ...forwardedHeaders(headers),
        'accept-encoding': headers.get('accept-encoding') ?? 'identity',
        ...(sendsBody && forwardedBodyHeaders(headers)),
      },
      ...(sendsBody && { body: detachedBody(body(), bodyTimeoutMs) }),
      signal: request.signal,
    },
    { did, aud: target.did, lxm: nsid },
  )
  return passThroughResponse(response)
}

function verbOf({ method }: Request): 'GET' | 'HEAD' | 'POST' {
  if (method === 'GET' || method === 'HEAD' || method === 'POST') return method
  throw invalidRequest('XRPC requests only supports GET and POST')
}

function hasBody(headers: Headers): boolean {
  return headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0'
}

/** A stream that can be destroyed without destroying the client's connection, which still needs its response. */
function detachedBody(body: Readable, idleMs: number): Readable {
  return Readable.from(rawBytes(body, idleMs), { objectMode: false })
}

function badMethod() {
  return invalidRequest('Bad token method', 'InvalidToken')
}
