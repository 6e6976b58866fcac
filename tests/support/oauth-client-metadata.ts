/** OAuth clients with published metadata, and requests to the endpoints that no client library would make. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { JoseKey } from '@atproto/jwk-jose'
import { NodeOAuthClient, requestLocalLock } from '@atproto/oauth-client-node'
import { type App, type DpopClaims, dpopProof, memoryStores } from '#tests/support/oauth-client.ts'
import { type OAuthFixture, plcUrl } from '#tests/support/oauth-fixture.ts'
import { testDid } from '#tests/support/open-account.ts'

/** Publishes client metadata at the client id. */
export async function publishClientMetadata(
  fixture: OAuthFixture,
  host: string,
  more: object = {},
) {
  const key = await JoseKey.generate(['ES256'], 'one')
  const clientId = `https://${host}/client-metadata.json` as const
  const redirectUri = `https://${host}/callback`
  const metadata = {
    client_id: clientId,
    client_name: 'An app',
    redirect_uris: [redirectUri],
    scope: 'atproto transition:generic',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: 'web',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    dpop_bound_access_tokens: true,
    jwks: { keys: [key.publicJwk] },
    ...more,
  }
  fixture.documents.set(clientId, metadata)
  return { key, clientId, redirectUri, metadata }
}

/** A confidential client, which authenticates with a key (private_key_jwt). It takes every handle for that of `did`. */
export async function confidentialClient(
  fixture: OAuthFixture,
  host: string,
  did = testDid,
): Promise<App & { key: JoseKey }> {
  const { metadata, ...described } = await publishClientMetadata(fixture, host)
  return { ...clientOf(fixture, metadata, [described.key], did), ...described }
}

/** A public client. */
export async function publicClient(
  fixture: OAuthFixture,
  host: string,
  more: object = {},
): Promise<App> {
  const { key: _, ...described } = await publishClientMetadata(fixture, host, {
    token_endpoint_auth_method: 'none',
    token_endpoint_auth_signing_alg: undefined,
    jwks: undefined,
    ...more,
  })
  return { ...clientOf(fixture, described.metadata), ...described }
}

function clientOf(fixture: OAuthFixture, metadata: object, keyset?: JoseKey[], did = testDid) {
  const { stores, ...kept } = memoryStores()
  const client = new NodeOAuthClient({
    clientMetadata: metadata as never,
    ...(keyset && { keyset }),
    ...stores,
    requestLock: requestLocalLock,
    allowHttp: true,
    handleResolver: { resolve: async () => did as typeof testDid },
    plcDirectoryUrl: plcUrl,
    fetch: fixture.fetch,
  })
  return { client, ...kept }
}

/** POSTs a form to an endpoint. */
export async function post(
  fixture: OAuthFixture,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${fixture.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
  const body = (await response.json()) as Record<string, string>
  const { error, error_description: why } = body
  return { status: response.status, error, why, body, headers: response.headers }
}

/** A PKCE challenge without a verifier. */
export const pkceChallenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }

/** A client assertion (RFC 7523). */
export const clientAssertion = (
  fixture: OAuthFixture,
  { key, clientId }: { key: JoseKey; clientId: string },
  claims: object = {},
) =>
  key.createJwt(
    { alg: 'ES256', kid: 'one' } as never,
    {
      ...{ iss: clientId, sub: clientId, aud: fixture.url, jti: crypto.randomUUID() },
      ...{ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60 },
      ...claims,
    } as never,
  )

export const clientAssertionParams = (jwt: string) => ({
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: jwt,
})

/**
 * POSTs with a DPoP proof by this key and a nonce of the server; `claims` override those of the proof.
 */
export async function dpopPost(
  fixture: OAuthFixture,
  path: string,
  form: Record<string, string>,
  { jwk, ...claims }: DpopClaims & { jwk: object },
) {
  const { headers } = await post(fixture, '/oauth/token', {})
  const nonce = headers.get('dpop-nonce')!
  const proofClaims = { htm: 'POST', htu: `${fixture.url}${path}`, nonce, ...claims }
  return post(fixture, path, form, { dpop: dpopProof(jwk, proofClaims) })
}

export type AuthorizationRequests = ReturnType<typeof authorizationRequests>

/** Authorization requests of an app, pushed or in the URL of the page. */
export function authorizationRequests(fixture: OAuthFixture, { clientId, redirectUri }: App) {
  /** The parameters of a valid request. */
  const validParameters = () => ({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'atproto',
    state: 'the state',
    ...pkceChallenge,
  })
  return {
    validParameters,
    page: (query: Record<string, string>) =>
      `${fixture.url}/oauth/authorize?${new URLSearchParams(query)}`,
    /** Status and error of a pushed request. */
    async push(more: Record<string, string>, headers = {}) {
      const { status, error } = await post(
        fixture,
        '/oauth/par',
        { ...validParameters(), ...more },
        headers,
      )
      return [status, error]
    },
    /** The request_uri of a pushed request. */
    async pushed(more: Record<string, string> = {}): Promise<string> {
      const { body } = await post(fixture, '/oauth/par', { ...validParameters(), ...more })
      return body['request_uri']!
    },
  }
}

export const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
export const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })
