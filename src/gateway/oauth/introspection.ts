/** The provider with token introspection (RFC 7662), which the library does not have. */
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
import { memberIn } from '#src/gateway/oauth/acting-parameters.ts'
import { MAX_DESCRIPTION_LENGTH } from '#src/gateway/oauth/error-descriptions.ts'
import { GroupProvider } from '#src/gateway/oauth/group-provider.ts'
import { mustHaveShortId } from '#src/gateway/oauth/proof-id.ts'

export type Introspection = OAuthIntrospectionResponse & {
  cnf?: { jkt: string }
  act?: { sub: string }
}

type Client = Awaited<ReturnType<OAuthProvider['clientManager']['getClient']>>
type FoundToken = { kind: 'access' | 'refresh'; info: TokenInfo; audience: string }

export const introspectionPath = '/oauth/introspect'

export class IntrospectingProvider extends GroupProvider {
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

  override async checkDpopProof(
    ...input: Parameters<OAuthProvider['checkDpopProof']>
  ): ReturnType<OAuthProvider['checkDpopProof']> {
    return mustHaveShortId(await super.checkDpopProof(...input))
  }

  /**
   * A client authenticates as for revocation, and sends a DPoP proof with the key that the token is bound to. A token that
   * is invalid and one of another client both give `active: false`. Throws 401 invalid_client.
   */
  async introspect(
    credentials: OAuthClientCredentials,
    token: string,
    proof: DpopProof | null,
  ): Promise<Introspection> {
    const { client, clientAuth } = await this.authenticateClient(credentials, proof).catch(
      (error) => {
        throw isProofOrServerError(error) ? error : invalidClient(error.error_description, error)
      },
    )
    const isRefresh = /^ref-[0-9a-f]{64}$/.test(token)
    const found = isRefresh ? await this.#findRefresh(token) : await this.#findAccess(token)
    if (found === undefined) return { active: false }
    const { data } = found.info
    try {
      await this.compareClientAuth(client, clientAuth, proof, data)
      if (found.kind === 'refresh') await this.validateRefreshGrant(client, data)
    } catch (error) {
      if (error instanceof InvalidGrantError) return { active: false }
      throw error
    }
    return this.#response(client, found)
  }

  async #findAccess(token: string): Promise<FoundToken | undefined> {
    const jwt = token as Parameters<typeof this.signer.verifyAccessToken>[0]
    const verified = await this.signer.verifyAccessToken(jwt).catch(() => undefined)
    if (verified === undefined) return undefined
    const { jti, sub, aud, cnf } = verified.payload
    const info = await this.tokenManager.getTokenInfo(jti)
    // The account decides; the token's claims must agree.
    if (info?.account.did !== sub || info.account.pds !== aud) return undefined
    const { expiresAt, parameters } = info.data
    if (cnf?.jkt !== parameters.dpop_jkt || expiresAt.getTime() <= Date.now()) return undefined
    return { kind: 'access', info, audience: info.account.pds }
  }

  async #findRefresh(token: string): Promise<FoundToken | undefined> {
    const info = await this.tokenManager.findToken(token)
    // findToken also finds the session of a refresh token that was already used.
    if (info?.currentRefreshToken !== token) return undefined
    return { kind: 'refresh', info, audience: this.issuer }
  }

  #response(client: Client, { kind, info, audience }: FoundToken): Introspection {
    const { data, account } = info
    const { scope: requestedScope, dpop_jkt: jkt } = data.parameters
    const scope = data.scope ?? requestedScope
    const member = memberIn(data.parameters)
    const expiresAt = kind === 'access' ? data.expiresAt.getTime() : refreshableUntil(client, data)
    return {
      active: true,
      ...(scope !== undefined && { scope }),
      client_id: data.clientId,
      sub: account.did,
      aud: audience,
      iss: this.issuer,
      iat: Math.floor(data.updatedAt.getTime() / 1000),
      exp: Math.floor(expiresAt / 1000),
      // Access tokens only: the type says how a token is presented.
      ...(kind === 'access' && { token_type: jkt === undefined ? 'Bearer' : 'DPoP' }),
      ...(jkt !== undefined && { cnf: { jkt } }),
      ...(member !== undefined && { act: { sub: member } }),
    }
  }
}

function refreshableUntil(
  { sessionLifetime, refreshLifetime }: Client,
  { createdAt, updatedAt }: TokenInfo['data'],
): number {
  return Math.min(createdAt.getTime() + sessionLifetime, updatedAt.getTime() + refreshLifetime)
}

function isProofOrServerError(error: unknown): boolean {
  if (error instanceof InvalidDpopProofError) return true
  return !(error instanceof OAuthError) || error.status >= 500 || error.status === 429
}

/** 401 invalid_client: the library answers with 400 and several error names. */
export function invalidClient(description: string, cause?: unknown): OAuthError {
  const short = description.slice(0, MAX_DESCRIPTION_LENGTH)
  const challenge = { error: 'invalid_client', error_description: short }
  return new WWWAuthenticateError(challenge.error, short, { DPoP: challenge }, cause)
}
