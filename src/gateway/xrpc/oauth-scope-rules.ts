/** Checks an OAuth token's permissions against a method's rule; a method without a rule rejects OAuth tokens. */
import { forbidden, XrpcError } from '#src/errors.ts'
import type { AccountCaller, OAuthScopeRule, Permissions } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface OAuthCall {
  readonly request: Request
  readonly caller: unknown
  readonly server: Pick<ServerContext, 'services'>
}

interface ScopedMethod<Call> {
  nsid: string
  oauth?: OAuthScopeRule<Call> | undefined
  memberRole?(permissions: Permissions): void
}

/** What the caller's token must allow; if a member acts as the account, its role. */
export function scopeRuleOf<Call>(
  { oauth, memberRole }: ScopedMethod<Call>,
  caller: unknown,
): OAuthScopeRule<Call> | undefined {
  const { actingMember } = (caller ?? {}) as Partial<AccountCaller>
  return actingMember === undefined ? oauth : (memberRole ?? oauth)
}

/** Throws 403 ScopeMissingError, or 403 Forbidden if the method has no rule. */
export function mustHaveScope<Call extends OAuthCall>(
  method: ScopedMethod<Call>,
  permissions: Permissions,
  call: Call,
): void {
  const { nsid } = method
  const rule = scopeRuleOf(method, call.caller)
  if (rule === 'any') return
  if (rule === undefined) {
    throw forbidden('OAuth credentials are not supported for this endpoint')
  }
  withScopeErrors(() => {
    if (rule !== 'rpc') return rule(permissions, call)
    const header = call.request.headers.get('atproto-proxy') ?? undefined
    const aud = call.server.services.audienceOf(nsid, header)
    permissions.assertRpc({ aud, lxm: nsid })
  })
}

/** Runs a check; a missing scope becomes 403 ScopeMissingError with the WWW-Authenticate header of RFC 6750. */
export function withScopeErrors(check: () => void): void {
  try {
    check()
  } catch (error) {
    if ((error as Error).name !== 'ScopeMissingError') throw error
    throw new ScopeMissingXrpcError(error as Error & { scope: string })
  }
}

class ScopeMissingXrpcError extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>

  constructor({ message, scope }: { message: string; scope: string }) {
    super(403, 'ScopeMissingError', message)
    const scopeParam = /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) ? `, scope="${scope}"` : ''
    this.headers = { 'www-authenticate': `DPoP error="insufficient_scope"${scopeParam}` }
  }
}
