/**
 * Authenticates requests with a DPoP-bound access token (`Authorization: DPoP`): the token and the proof are verified
 * here; the account says whether the grant still exists, and its scope.
 */
import { createSecretKey, randomUUID } from 'node:crypto'
import { JoseKey } from '@atproto/jwk-jose'
import {
  InvalidDpopProofError,
  InvalidTokenError,
  OAuthError,
  WWWAuthenticateError,
} from '@atproto/oauth-provider/errors'
import {
  type AccessTokenPayload,
  DpopNonce,
  type DpopProof,
  type OAuthTokenType,
  OAuthVerifier,
} from '@atproto/oauth-provider/verifier'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { OwnStatuses } from '#src/gateway/group/member-authority.ts'
import { notAMember } from '#src/gateway/group/not-a-member.ts'
import { permissionsOfBoth } from '#src/gateway/group/role-permissions.ts'
import { DpopKeyCache } from '#src/gateway/oauth/dpop-key-cache.ts'
import { permissionsCache } from '#src/gateway/oauth/permissions-cache.ts'
import { mustHaveShortId } from '#src/gateway/oauth/proof-id.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import type { AppCaller, AuthRequest } from '#src/gateway/xrpc/callers.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { DPOP_PROOF_LIFETIME_MS, RecentlySeen } from '#src/rules/recently-seen.ts'

export interface OAuthKeys {
  issuer: string
  jwtSecret: Uint8Array
  /** 32 bytes. */
  dpopSecret: Uint8Array
}

export interface ResourceServerPorts extends OAuthKeys {
  serviceDid: string
  accounts: ProviderAccounts
  clock: Clock
  /** Whether a member's own account may act. */
  mayAct: OwnStatuses
}

/** The key that signs access tokens. Session tokens are signed with it too, but have no `iss`. */
export async function accessTokenKey({
  jwtSecret,
}: Pick<OAuthKeys, 'jwtSecret'>): Promise<JoseKey> {
  return JoseKey.fromKeyLike(createSecretKey(jwtSecret), undefined, 'HS256')
}

const MAX_VERIFIED_TOKENS = 10_000

type Decoded = Parameters<OAuthVerifier['decodeToken']>

interface VerifierPorts extends OAuthKeys {
  key: JoseKey
  clock: Clock
}

class ResourceVerifier extends OAuthVerifier {
  readonly #verified = new BoundedMap<string, AccessTokenPayload>(MAX_VERIFIED_TOKENS)
  readonly #keys = new DpopKeyCache()
  readonly #nonces: DpopNonce
  readonly #clock: Clock
  /** Proofs that this process has seen; the accounts detect replays through other gateways. */
  readonly #seen: RecentlySeen

  constructor({ issuer, dpopSecret, key, clock }: VerifierPorts) {
    const seen = new RecentlySeen(DPOP_PROOF_LIFETIME_MS)
    const replayStore = { unique: (_: string, id: string) => seen.isNew(id, clock.now()) }
    super({ issuer, dpopSecret, keyset: [key], replayStore })
    this.#nonces = new DpopNonce(dpopSecret)
    this.#clock = clock
    this.#seen = seen
  }

  override async checkDpopProof(
    method: string,
    url: Readonly<URL>,
    headers: Record<string, undefined | string | string[]>,
    token?: string,
  ): Promise<DpopProof | null> {
    // The library checks against the nonces as of its last rotation: rotate first, since other gateways may have.
    this.nextDpopNonce()
    const { dpop: jwt } = headers
    if (typeof jwt !== 'string' || token === undefined) {
      return super.checkDpopProof(method, url, headers, token)
    }
    const now = this.#clock.now()
    this.#nonces.next()
    const proofUrl = url.origin + url.pathname
    const known = this.#keys.verify(jwt, {
      method,
      url: proofUrl,
      token,
      isValidNonce: (nonce) => this.#nonces.check(nonce),
      now,
    })
    if (known === undefined) {
      const proof = mustHaveShortId(await super.checkDpopProof(method, url, headers, token))
      if (proof !== null) this.#keys.remember(jwt, proof.jkt)
      return proof
    }
    mustHaveShortId(known)
    if (!this.#seen.isNew(known.jti, now)) throw rejections.replayed()
    return known
  }

  protected override async decodeToken(
    type: OAuthTokenType,
    token: Decoded[1],
    proof: DpopProof | null,
  ): Promise<AccessTokenPayload & { proof: DpopProof | null }> {
    const known = this.#verified.get(token)
    const isBound = known?.cnf?.jkt !== undefined && known.cnf.jkt === proof?.jkt
    if (known !== undefined && isBound && type === 'DPoP') return { ...known, proof }
    const payload = await super.decodeToken(type, token, proof)
    this.#verified.set(token, payload)
    return { ...payload, proof }
  }
}

export interface ResourceServer {
  /** Throws 401 and 400 as the reference does, with the WWW-Authenticate header. */
  authenticate(request: AuthRequest): Promise<AppCaller>
  nextNonce(): string
}

const rejections = {
  unknown: () => new InvalidTokenError('DPoP', 'Invalid token'),
  expired: () => new InvalidTokenError('DPoP', 'Token expired'),
  replayed: () => new InvalidDpopProofError('DPoP proof replayed'),
}

export async function openResourceServer(ports: ResourceServerPorts): Promise<ResourceServer> {
  const { issuer, serviceDid, accounts } = ports
  const verifier = new ResourceVerifier({ ...ports, key: await accessTokenKey(ports) })
  const permissions = permissionsCache()

  async function authenticate(request: AuthRequest): Promise<AppCaller> {
    const { method, url } = request
    const headers = {
      authorization: request.header('authorization'),
      dpop: request.header('dpop'),
    }
    const payload = (await verifier.authenticateRequest(method, publicUrl(issuer, url), headers, {
      audience: [serviceDid],
    })) as Awaited<ReturnType<ResourceVerifier['decodeToken']>>
    const { sub: did, jti: id, cnf, proof } = payload
    if (!did?.startsWith('did:') || !id || !cnf?.jkt || proof === null) throw rejections.unknown()
    const account = await accounts.findByToken(did)
    if (account === undefined) {
      throw new XrpcError(403, 'AccountNotFound', 'Account not found')
    }
    const verdict = await account.oauth.checkAccessToken({
      ...{ id, jkt: cnf.jkt, proof: proof.jti },
      attempt: randomUUID(),
    })
    if ('refusal' in verdict) throw rejections[verdict.refusal]()
    const scopes = verdict.scope.split(' ')
    if (!scopes.includes('atproto')) {
      throw invalidRequest('OAuth token does not have "atproto" scope', 'InvalidToken')
    }
    // An account in a process of an earlier release does not say which grant it is.
    const { session: sessionId = id, clientId } = verdict as Partial<typeof verdict>
    const { scope, expiresAt, member } = verdict
    const caller = {
      ...{ did, scope: 'oauth', permissions: permissions(scope), scopes: scope },
      ...{ expiresAt, sessionId },
      ...(clientId && { clientId }),
    }
    if (member === undefined) return caller
    if (!(await ports.mayAct(member.did))) throw notAMember()
    return {
      ...caller,
      permissions: permissionsOfBoth(caller.permissions, permissions(member.scope)),
      actingMember: {
        ...{ did: member.did, role: member.name, revision: member.revision },
        ...(clientId && { client: clientId }),
      },
    }
  }

  return {
    nextNonce: () => verifier.nextDpopNonce() ?? '',
    authenticate: (request) =>
      authenticate(request).catch((error) => {
        throw error instanceof OAuthError ? new OAuthXrpcError(error) : error
      }),
  }
}

class OAuthXrpcError extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>

  constructor(error: OAuthError) {
    super(error.status, error.error, error.error_description)
    const challenge =
      error instanceof WWWAuthenticateError ? error.wwwAuthenticateHeader : undefined
    this.headers = challenge === undefined ? {} : { 'www-authenticate': challenge }
  }
}

/** The URL as the client knows it: proxies may have changed scheme, host and port. */
function publicUrl(issuer: string, url: string): URL {
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2))
  return new URL(path.startsWith('/') ? `${issuer}${path}` : issuer)
}
