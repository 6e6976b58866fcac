/** What an app must have been allowed before a method runs for it, as each method says; what says nothing, no app may. */
import { forbidden, XrpcError } from '#src/errors.ts'
import type { OAuthScopeRule, Permissions } from '#src/gateway/xrpc/callers.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

interface AskedByApp {
  readonly request: Request
  readonly server: Pick<ServerContext, 'services'>
}

/** Throws 403 ScopeMissingError, or 403 Forbidden where no app may. */
export function mustHaveScope<Asked extends AskedByApp>(
  { nsid, oauth: rule }: { nsid: string; oauth?: OAuthScopeRule<Asked> | undefined },
  permissions: Permissions,
  asked: Asked,
): void {
  if (rule === 'any') return
  if (rule === undefined) {
    throw forbidden('OAuth credentials are not supported for this endpoint')
  }
  withScopeErrors(() => {
    if (rule !== 'rpc') return rule(permissions, asked)
    const header = asked.request.headers.get('atproto-proxy') ?? undefined
    const aud = asked.server.services.audienceOf(nsid, header)
    permissions.assertRpc({ aud, lxm: nsid })
  })
}

/** Runs a check of permissions; what is missing is told as 403 ScopeMissingError, and as RFC 6750 has it. */
export function withScopeErrors(check: () => void): void {
  try {
    check()
  } catch (error) {
    if ((error as Error).name !== 'ScopeMissingError') throw error
    throw new ScopeMissing(error as Error & { scope: string })
  }
}

class ScopeMissing extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>

  constructor({ message, scope }: { message: string; scope: string }) {
    super(403, 'ScopeMissingError', message)
    const told = /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope) ? `, scope="${scope}"` : ''
    this.headers = { 'www-authenticate': `DPoP error="insufficient_scope"${told}` }
  }
}
