/** Pages read and change data by calling XRPC methods, with their checks, bounds and audit logs. */
import type { Context } from 'hono'
import { forbidden } from '#src/errors.ts'
import { mustHaveAuthority } from '#src/gateway/tenants/authority.ts'
import type { Permissions } from '#src/gateway/xrpc/callers.ts'
import type { Input, Output, Params, Schema } from '#src/gateway/xrpc/method-schema.ts'
import { mustHaveScope } from '#src/gateway/xrpc/oauth-scope-rules.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import { runMethod } from '#src/gateway/xrpc/run-method.ts'
import { storesContent } from '#src/gateway/xrpc/stores-content.ts'
import type { CallPorts, Env } from '#src/gateway/xrpc/xrpc-call.ts'

export type MethodPorts = Pick<
  CallPorts,
  'methods' | 'server' | 'findAccount' | 'rateLimits' | 'mustHaveRoom'
>

/** Values as a form has them: the lexicon of the method checks formats and fills in defaults. */
type Given<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? Given<Item>[]
    : T extends object
      ? { [Key in keyof T]: Given<T[Key]> }
      : T

/** Throws as the method does, and 400 for parameters or input that are not as its lexicon says. */
export type CallMethod = <S extends Schema>(
  lexicon: { main: S },
  given?: { params?: Partial<Given<Params<S>>>; input?: Given<Input<S>> },
) => Promise<Output<S>>

/**
 * Calls methods as `caller`, which must be of the kind that they require. The page has verified it by the browser's session,
 * and checks its permissions for each request.
 */
export function callMethodsAs(ports: MethodPorts, c: Context<Env>, caller: object): CallMethod {
  const { server } = ports
  const incoming = c.env?.incoming
  return async (lexicon, { params = {}, input: body } = {}) => {
    const method = ports.methods.get(lexicon.main.nsid)
    if (method === undefined) throw forbidden('This server does not have the method')
    const isStream = method.streams
    const input = method.accepts === undefined || isStream ? body : method.input(body)
    const call = {
      ...{ params: method.params(queryOf(params)), input, caller, server, incoming },
      ...{ request: c.req.raw, requestId: c.env?.requestId },
    }
    mustHaveAuthority(method, caller, server, incoming)
    const { permissions } = caller as { permissions?: Permissions }
    if (permissions !== undefined) mustHaveScope(method, permissions, call as never)
    if (storesContent(method.nsid)) ports.mustHaveRoom?.()
    if (incoming !== undefined) {
      const counted = { nsid: method.nsid, caller, input, request: incoming }
      const status = await ports.rateLimits?.(counted)
      if (status?.isRefused) throw rateLimitExceeded(status)
    }
    const result = await runMethod(ports, method, call)
    return (isEncoded(result) ? JSON.parse(result.json) : result) as never
  }
}

function queryOf(params: object): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params) as [string, unknown][]) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) query.append(name, String(one))
    }
  }
  return query.toString()
}

function isEncoded(result: unknown): result is { json: string } {
  return typeof result === 'object' && result !== null && 'json' in result
}
