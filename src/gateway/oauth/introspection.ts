/** The provider with what it lacks: a client asks whether a token of its own is good, and for what (RFC 7662). */
import {
  InvalidDpopProofError,
  InvalidGrantError,
  OAuthError,
  WWWAuthenticateError,
} from '@atproto/oauth-provider/errors'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { TokenInfo } from '@atproto/oauth-provider/store'
import type { DpopProof } from '@atproto/oauth-provider/verifier'
import type { OAuthClientCredentials, OAuthIntrospectionResponse } from '@atproto/oauth-types'
import { DistinctKeysProvider } from '#src/gateway/oauth/distinct-keys.ts'

export type Introspection = OAuthIntrospectionResponse & { cnf?: { jkt: string } }

type Authenticated = Awaited<ReturnType<OAuthProvider['clientManager']['getClient']>>
type Known = { kind: 'access' | 'refresh'; info: TokenInfo; audience: string }

export const introspectionPath = '/oauth/introspect'

export class IntrospectingProvider extends DistinctKeysProvider {
  constructor(options: ConstructorParameters<typeof OAuthProvider>[0]) {
    super(options)
    const { metadata } = this
    Object.assign(metadata, {
      introspection_endpoint: new URL(introspectionPath, this.issuer).href,
      introspection_endpoint_auth_methods_supported: metadata.token_endpoint_auth_methods_supported,
      introspection_endpoint_auth_signing_alg_values_supported:
        metadata.token_endpoint_auth_signing_alg_values_supported,
    })
  }

  /**
   * A client proves itself as where it revokes, with a proof by the key that the token is bound to. Of what is not its own,
   * or not good, it hears the same: that it is not active. Throws 401 invalid_client.
   */
  async introspect(
    credentials: OAuthClientCredentials,
    token: string,
    proof: DpopProof | null,
  ): Promise<Introspection> {
    const { client, clientAuth } = await this.authenticateClient(credentials, proof).catch(
      (error) => {
        throw isProofOrOurs(error) ? error : invalidClient(error.error_description, error)
      },
    )
    const isRefresh = /^ref-[0-9a-f]{64}$/.test(token)
    const known = isRefresh ? await this.#refresh(token) : await this.#access(token)
    if (known === undefined) return { active: false }
    const { data } = known.info
    try {
      await this.compareClientAuth(client, clientAuth, proof, data)
      if (known.kind === 'refresh') await this.validateRefreshGrant(client, data)
    } catch (error) {
      if (error instanceof InvalidGrantError) return { active: false }
      throw error
    }
    return this.#told(client, known)
  }

  async #access(token: string): Promise<Known | undefined> {
    const jwt = token as Parameters<typeof this.signer.verifyAccessToken>[0]
    const verified = await this.signer.verifyAccessToken(jwt).catch(() => undefined)
    if (verified === undefined) return undefined
    const { jti, sub, aud, cnf } = verified.payload
    const info = await this.tokenManager.getTokenInfo(jti)
    // The account says what is good; what the token says of it must be the same.
    if (info?.account.did !== sub || info.account.pds !== aud) return undefined
    const { expiresAt, parameters } = info.data
    if (cnf?.jkt !== parameters.dpop_jkt || expiresAt.getTime() <= Date.now()) return undefined
    return { kind: 'access', info, audience: info.account.pds }
  }

  async #refresh(token: string): Promise<Known | undefined> {
    const info = await this.tokenManager.findToken(token)
    // One that was used before leads to its session as well.
    if (info?.currentRefreshToken !== token) return undefined
    return { kind: 'refresh', info, audience: this.issuer }
  }

  #told(client: Authenticated, { kind, info, audience }: Known): Introspection {
    const { data, account } = info
    const { scope: asked, dpop_jkt: jkt } = data.parameters
    const scope = data.scope ?? asked
    const ends = kind === 'access' ? data.expiresAt.getTime() : refreshableUntil(client, data)
    return {
      active: true,
      ...(scope !== undefined && { scope }),
      client_id: data.clientId,
      sub: account.did,
      aud: audience,
      iss: this.issuer,
      iat: Math.floor(data.updatedAt.getTime() / 1000),
      exp: Math.floor(ends / 1000),
      // Of access tokens alone: it says how they are shown.
      ...(kind === 'access' && { token_type: jkt === undefined ? 'Bearer' : 'DPoP' }),
      ...(jkt !== undefined && { cnf: { jkt } }),
    }
  }
}

function refreshableUntil(
  { sessionLifetime, refreshLifetime }: Authenticated,
  { createdAt, updatedAt }: TokenInfo['data'],
): number {
  return Math.min(createdAt.getTime() + sessionLifetime, updatedAt.getTime() + refreshLifetime)
}

function isProofOrOurs(error: unknown): boolean {
  if (error instanceof InvalidDpopProofError) return true
  return !(error instanceof OAuthError) || error.status >= 500
}

/** The library has several names for it, and 400. */
export function invalidClient(why: string, cause?: unknown): OAuthError {
  const told = { error: 'invalid_client', error_description: why }
  return new WWWAuthenticateError(told.error, why, { DPoP: told }, cause)
}
