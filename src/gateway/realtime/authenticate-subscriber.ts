/** Verifies what a connection is opened by: an Authorization header, or a ticket, whose id is spent. */
import { randomUUID } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import { parseAuthorization } from '#src/gateway/http/authorization-header.ts'
import { hashSecret, shardOf } from '#src/gateway/oauth/shards.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { memberCredential, serviceTokenEnd } from '#src/gateway/realtime/member-credential.ts'
import type {
  AccountCaller,
  Authenticate,
  AuthRequest,
  Callers,
} from '#src/gateway/xrpc/callers.ts'
import { actAsHeader } from '#src/gateway/xrpc/members.ts'
import type { TokenIssuer } from '#src/gateway/xrpc/verified-tokens.ts'
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'
import { claimedMethod } from '#src/protocol/service-token.ts'
import { ACCESS_LIFETIME_MS } from '#src/rules/session-tokens.ts'
import { invalidTicket, issueTicket, TICKET_LIFETIME_MS, verifyTicket } from '#src/rules/tickets.ts'

export interface SubscriberAuthPorts extends TokenIssuer {
  authenticate: Authenticate
  dispatch: Pick<Dispatch, 'account' | 'authorization'>
}

/** `request` is what a DPoP proof is verified against. */
export interface PresentedCredentials {
  header: string | undefined
  ticket: string | undefined
  request: AuthRequest
}

/** Of which kind a header's credentials are, as far as can be seen without verifying them. */
export function subscriberKind(header: string | undefined): keyof Callers {
  const authorization = parseAuthorization(header)
  if (authorization === undefined) throw authRequired('Authentication Required', 'AuthRequired')
  if (authorization.scheme === 'basic') return 'admin'
  const isService =
    authorization.scheme === 'bearer' && claimedMethod(authorization.credentials) !== undefined
  return isService ? 'service, admin or none' : 'account'
}

/**
 * A ticket counts before a header. Throws 401 AuthRequired without either, 401 InvalidTicket for one that was used, and as
 * `authenticator`. It is not known yet whether a session has ended: see `ended-credential.ts`.
 */
export async function authenticateSubscriber(
  ports: SubscriberAuthPorts,
  { header, ticket, request }: PresentedCredentials,
): Promise<Credential> {
  if (ticket !== undefined) return spendTicket(ports, ticket)
  const validAt = ports.clock.now()
  const kind = actAsHeader(request) === undefined ? subscriberKind(header) : 'account'
  const caller = await ports.authenticate(kind, header, SUBSCRIBE, request)
  if (caller === undefined) throw authRequired('Authentication Required', 'AuthRequired')
  if ('admin' in caller) return { kind: 'admin', validAt }
  if ('scope' in caller) return credentialOf(ports, caller, { header, validAt })
  if (!('did' in caller)) throw authRequired('Authentication Required', 'AuthRequired')
  // A service of the account (`did#service`) is not the account.
  if (caller.did.includes('#')) throw new XrpcError(401, 'UntrustedIss', 'Untrusted issuer')
  const expiresAt = serviceTokenEnd(parseAuthorization(header)!.credentials)
  return { kind: 'service', did: caller.did, validAt, expiresAt }
}

/** `validAt` must be before the account was asked, if it was asked. Throws as `memberCredential`. */
export async function credentialOf(
  ports: SubscriberAuthPorts,
  caller: AccountCaller,
  { header, validAt }: { header: string | undefined; validAt: number },
): Promise<Credential> {
  const { did, scope, scopes, sessionId, clientId, appPassword, expiresAt, actingMember } = caller
  if (actingMember !== undefined) {
    return memberCredential(ports, { ...caller, actingMember }, header, validAt)
  }
  if (scopes !== undefined)
    return { kind: 'app', did, scopes, clientId, sessionId, expiresAt, validAt }
  // A session token is not checked by the account: it may have ended since it was issued.
  const since = expiresAt === undefined ? validAt : expiresAt - ACCESS_LIFETIME_MS
  return { kind: 'session', did, scope, sessionId, appPassword, expiresAt, validAt: since }
}

export async function createTicket(
  { jwtSecret: secret, serviceDid: audience, clock }: TokenIssuer,
  credential: Credential,
): Promise<{ ticket: string; expiresAt: string }> {
  return issueTicket(credential, { secret, audience, now: clock.now() })
}

export async function spendTicket(ports: SubscriberAuthPorts, ticket: string): Promise<Credential> {
  const { jwtSecret: secret, serviceDid: audience, clock, dispatch } = ports
  const context = { secret, audience, now: clock.now() }
  const { id, credential } = await verifyTicket<Credential>(ticket, context)
  const { expiresAt = Number.POSITIVE_INFINITY } = credential
  if (expiresAt <= context.now) throw invalidTicket()
  const hash = hashSecret(`ticket ${id}`)
  const use = { hash, attempt: randomUUID(), ttlMs: 2 * TICKET_LIFETIME_MS }
  if (!(await shardOf(dispatch, hash).replayStore.isFirstUse(use))) throw invalidTicket()
  return credential
}
