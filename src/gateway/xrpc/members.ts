/** Credentials of members that act as a group, and of those who call methods about groups. */
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'
import { groupAudience } from '#src/gateway/group/audience.ts'
import type { MemberAuthority } from '#src/gateway/group/member-authority.ts'
import { bearerToken, parseAuthorization } from '#src/gateway/http/authorization-header.ts'
import type {
  AccountCaller,
  AppCaller,
  AuthRequest,
  PrincipalCaller,
} from '#src/gateway/xrpc/callers.ts'
import { verifyServiceAuth } from '#src/gateway/xrpc/service-auth.ts'
import type { VerifiedCaller } from '#src/gateway/xrpc/verified-tokens.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { claimedMethod } from '#src/protocol/service-token.ts'
import { accessScopesFor, memberScope } from '#src/rules/session-tokens.ts'

export interface MemberPorts {
  serviceDid: string
  resolver: DidResolver
  clock: Clock
  members: MemberAuthority
}

/** The group that the call is made as. */
const ACT_AS = 'act-as'

export function actAsHeader(request: AuthRequest | undefined): string | undefined {
  return request?.header(ACT_AS)
}

/** A service token for this method, issued by a member of the group that `act-as` names. Throws 400, 401, and 403. */
export async function verifyActAs(
  ports: MemberPorts,
  group: string,
  header: string | undefined,
  lxm: string,
): Promise<AccountCaller> {
  if (!group.startsWith('did:')) throw invalidRequest('act-as must be the DID of a group')
  if (!isServiceToken(header)) {
    throw authRequired('act-as demands a service token of a member for this method')
  }
  const member = await issuerOf(ports, header, { lxm, isFull: true })
  return ports.members.ofCaller({ did: group, member, client: 'service token' })
}

/** The session of a member as a group, whose role is asked of the group. */
export function verifyMemberSession(
  { members }: Pick<MemberPorts, 'members'>,
  { did, member, sessionId, appPassword }: VerifiedCaller & { member: string },
): Promise<AccountCaller> {
  const client = appPassword === undefined ? 'session' : 'app password'
  return members.ofSession({ did, member, client, ...(sessionId !== undefined && { sessionId }) })
}

/**
 * A session, or a service token of any DID for this method. With `isFull`, no app password, by which apps get no more
 * than their own account. OAuth tokens are verified elsewhere.
 */
export async function verifyPrincipal(
  ports: MemberPorts,
  verify: (token: string) => Promise<VerifiedCaller>,
  header: string | undefined,
  { lxm, group, isFull }: { lxm: string; group: string | undefined; isFull: boolean },
): Promise<PrincipalCaller> {
  if (group !== undefined) return memberOf(await verifyActAs(ports, group, header, lxm))
  if (isServiceToken(header)) {
    const did = await issuerOf(ports, header, { lxm, isFull })
    return { did, scope: 'service', clientId: 'service token' }
  }
  const caller = await verify(bearerToken(header))
  const { member } = caller
  if (member !== undefined) {
    if (isFull && caller.appPassword !== undefined) {
      throw invalidRequest('Bad token scope', 'InvalidToken')
    }
    return memberOf(await verifyMemberSession(ports, { ...caller, member }))
  }
  const accepted: readonly string[] = accessScopesFor[isFull ? 'full account' : 'account']
  if (!accepted.includes(caller.scope)) throw invalidRequest('Bad token scope', 'InvalidToken')
  const { did, scope, sessionId } = caller
  return { did, scope, clientId: 'session', ...(sessionId !== undefined && { sessionId }) }
}

/** The account that an app has signed in as; if a member acts as it, that member, with what the token allows. */
export function principalOfApp(caller: AppCaller): PrincipalCaller {
  if (caller.actingMember === undefined) return caller
  const { permissions, scopes } = caller
  return { ...memberOf(caller), permissions, ...(scopes !== undefined && { scopes }) }
}

function memberOf({ did: group, scope, actingMember }: AccountCaller): PrincipalCaller {
  if (actingMember === undefined) throw forbidden('This needs a member of the group')
  const { did, client } = actingMember
  return { did, scope, group, ...(client !== undefined && { clientId: client }) }
}

/** Session tokens have no `lxm` claim. */
function isServiceToken(header: string | undefined): boolean {
  const authorization = parseAuthorization(header)
  const token = authorization?.scheme === 'bearer' ? authorization.credentials : ''
  return claimedMethod(token) !== undefined
}

async function issuerOf(
  { serviceDid, resolver, clock }: MemberPorts,
  header: string | undefined,
  { lxm, isFull }: { lxm: string; isFull: boolean },
): Promise<string> {
  const aud = [serviceDid, groupAudience(serviceDid)]
  const { iss, isLimited } = await verifyServiceAuth(
    bearerToken(header),
    { aud, lxm },
    resolver,
    clock.now(),
  )
  if (isFull && isLimited) {
    throw forbidden('This service token was issued to an app, or to an app password')
  }
  return iss.split('#', 1)[0]!
}

export function isMemberSession(
  caller: VerifiedCaller,
): caller is VerifiedCaller & { member: string } {
  return caller.scope === memberScope && caller.member !== undefined
}
