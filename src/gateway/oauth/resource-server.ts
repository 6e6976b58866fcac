/**
 * Requests with a token that is bound to a key (`Authorization: DPoP`): the token and the proof are verified here, and
 * the account says whether the token is still good, and for what.
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
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { DpopKeyCache } from '#src/gateway/oauth/dpop-key-cache.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import type { AppCaller, AuthRequest } from '#src/gateway/xrpc/callers.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import { DPOP_PROOF_LIFETIME_MS, RecentlySeen } from '#src/rules/recently-seen.ts'

/** What all gateways of a server have in common. */
export interface OAuthKeys {
  /** Where clients reach the server; the issuer of its tokens. */
  issuer: string
  jwtSecret: Uint8Array
  /** 32 bytes. */
  dpopSecret: Uint8Array
}

export interface ResourceServerPorts extends OAuthKeys {
  serviceDid: string
  accounts: ProviderAccounts
  clock: Clock
}

/** The one key that signs access tokens; what it signs says so in `iss`, which session tokens do not have. */
export async function accessTokenKey({
  jwtSecret,
}: Pick<OAuthKeys, 'jwtSecret'>): Promise<JoseKey> {
  return JoseKey.fromKeyLike(createSecretKey(jwtSecret), undefined, 'HS256')
}

const MAX_VERIFIED = 10_000

type Decoded = Parameters<OAuthVerifier['decodeToken']>

interface VerifierPorts extends OAuthKeys {
  key: JoseKey
  clock: Clock
}

/** Verifies a token once, and its proof every time. */
class ResourceVerifier extends OAuthVerifier {
  readonly #verified = new BoundedMap<string, AccessTokenPayload>(MAX_VERIFIED)
  readonly #keys = new DpopKeyCache()
  readonly #nonces: DpopNonce
  readonly #clock: Clock
  /** What this process has seen; the accounts know what came by way of the others. */
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
    // Nonces are looked up among those of the last time that one was made: by now others may have made newer ones.
    this.nextDpopNonce()
    const { dpop: jwt } = headers
    if (typeof jwt !== 'string' || token === undefined) {
      return super.checkDpopProof(method, url, headers, token)
    }
    const now = this.#clock.now()
    this.#nonces.next()
    const isNonce = (nonce: string) => this.#nonces.check(nonce)
    const address = url.origin + url.pathname
    const known = this.#keys.verify(jwt, {
      method,
      url: address,
      token,
      isValidNonce: isNonce,
      now,
    })
    if (known === undefined) {
      const proof = await super.checkDpopProof(method, url, headers, token)
      if (proof !== null) this.#keys.remember(jwt, proof.jkt)
      return proof
    }
    if (!this.#seen.isNew(known.jti, now)) throw refusals.replayed()
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
  /** Who calls. Throws 401 and 400 as the reference, with what a client needs to do better. */
  authenticate(request: AuthRequest): Promise<AppCaller>
  nextNonce(): string
}

const refusals = {
  unknown: () => new InvalidTokenError('DPoP', 'Invalid token'),
  expired: () => new InvalidTokenError('DPoP', 'Token expired'),
  replayed: () => new InvalidDpopProofError('DPoP proof replayed'),
}

export async function openResourceServer(ports: ResourceServerPorts): Promise<ResourceServer> {
  const { issuer, serviceDid, accounts } = ports
  const verifier = new ResourceVerifier({ ...ports, key: await accessTokenKey(ports) })
  const permissions = rememberPermissions()

  async function admitted(request: AuthRequest): Promise<AppCaller> {
    const { method, url } = request
    const headers = {
      authorization: request.header('authorization'),
      dpop: request.header('dpop'),
    }
    const payload = (await verifier.authenticateRequest(method, publicUrl(issuer, url), headers, {
      audience: [serviceDid],
    })) as Awaited<ReturnType<ResourceVerifier['decodeToken']>>
    const { sub: did, jti: id, cnf, proof } = payload
    if (!did?.startsWith('did:') || !id || !cnf?.jkt || proof === null) throw refusals.unknown()
    const account = await accounts.find(did)
    if (account === undefined) {
      throw new XrpcError(403, 'AccountNotFound', 'Account not found')
    }
    const verdict = await account.oauth.admit({
      ...{ id, jkt: cnf.jkt, proof: proof.jti },
      attempt: randomUUID(),
    })
    if ('refusal' in verdict) throw refusals[verdict.refusal]()
    const scopes = verdict.scope.split(' ')
    if (!scopes.includes('atproto')) {
      throw invalidRequest('OAuth token does not have "atproto" scope', 'InvalidToken')
    }
    return { did, scope: 'oauth', permissions: permissions(verdict.scope) }
  }

  return {
    nextNonce: () => verifier.nextDpopNonce() ?? '',
    authenticate: (request) =>
      admitted(request).catch((error) => {
        throw error instanceof OAuthError ? new OAuthRefusal(error) : error
      }),
  }
}

/** A refusal in the words of OAuth, with the header that tells the client how to do it better. */
class OAuthRefusal extends XrpcError {
  override readonly headers: Readonly<Record<string, string>>

  constructor(error: OAuthError) {
    super(error.status, error.error, error.error_description)
    const challenge =
      error instanceof WWWAuthenticateError ? error.wwwAuthenticateHeader : undefined
    this.headers = challenge === undefined ? {} : { 'www-authenticate': challenge }
  }
}

/** What was asked for as the client knows it: proxies may have changed the scheme, the host and the port. */
function publicUrl(issuer: string, url: string): URL {
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2))
  return new URL(path.startsWith('/') ? `${issuer}${path}` : issuer)
}

const MOST_SCOPES = 1000

/** Scopes are long, and the same for all users of an app. */
function rememberPermissions(): (scope: string) => ScopePermissionsTransition {
  const known = new Map<string, ScopePermissionsTransition>()
  return (scope) => {
    const found = known.get(scope)
    if (found !== undefined) return found
    if (known.size >= MOST_SCOPES) known.clear()
    const permissions = new ScopePermissionsTransition(scope)
    known.set(scope, permissions)
    return permissions
  }
}
