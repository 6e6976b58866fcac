/** The credential of a member that subscribes as its group: what its token says, and its role as the group knows it now. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { parseAuthorization } from '#src/gateway/http/authorization-header.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import type { AccountCaller, MemberCaller } from '#src/gateway/xrpc/callers.ts'
import type { TokenIssuer } from '#src/gateway/xrpc/verified-tokens.ts'
import { decodeJwtPart } from '#src/protocol/jwt.ts'
import { claimedMethod } from '#src/protocol/service-token.ts'
import { verifyAccess } from '#src/rules/session-tokens.ts'

export interface MemberCredentialPorts extends TokenIssuer {
  dispatch: Pick<Dispatch, 'account'>
}

type Token = Pick<AccountCaller, 'expiresAt' | 'sessionId' | 'appPassword'>

/**
 * The caller and its `header` were verified; `validAt` is before that. Throws as the group's `authorize`, which is asked
 * again, since the caller does not say when its answer was.
 */
export async function memberCredential(
  ports: MemberCredentialPorts,
  caller: AccountCaller & { actingMember: MemberCaller },
  header: string | undefined,
  validAt: number,
): Promise<Credential> {
  const { did, scopes, actingMember } = caller
  const { did: member } = actingMember
  const isApp = scopes !== undefined
  const token = isApp ? caller : await tokenOf(ports, header)
  const session = isApp || token.sessionId === undefined ? {} : { session: token.sessionId }
  const authority = await ports.dispatch.account(did).group.authorize({ member, ...session })
  const { name: role, scope, asOf, expiresAt: endsAt } = authority
  return {
    ...{ kind: 'member', did, validAt, scopes },
    member: {
      ...{ did: member, role, scope, asOf },
      endsAt: endsAt === undefined ? undefined : Date.parse(endsAt),
    },
    ...{ sessionId: token.sessionId, appPassword: token.appPassword, expiresAt: token.expiresAt },
  }
}

/** Of a session or service token. */
async function tokenOf(
  { serviceDid, jwtSecret: secret, clock }: TokenIssuer,
  header: string | undefined,
): Promise<Token> {
  const token = parseAuthorization(header)?.credentials ?? ''
  if (claimedMethod(token) !== undefined) return { expiresAt: serviceTokenEnd(token) }
  return verifyAccess(token, { secret, audience: serviceDid, now: clock.now() })
}

/** In ms. The token was verified. */
export function serviceTokenEnd(token: string): number {
  return Number(decodeJwtPart(token.split('.')[1] ?? '')?.['exp']) * 1000
}
