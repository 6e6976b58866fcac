/**
 * The provider, requiring that a client assertion and a DPoP proof are signed with different keys. The library's own check
 * compares thumbprints of two different kinds, which are never equal (0.22.9).
 */
import { createHash } from 'node:crypto'
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import { OAuthProvider } from '@atproto/oauth-provider/provider'

export class DistinctKeysProvider extends OAuthProvider {
  protected override async authenticateClient(
    ...input: Parameters<OAuthProvider['authenticateClient']>
  ): ReturnType<OAuthProvider['authenticateClient']> {
    const result = await super.authenticateClient(...input)
    const [, proof] = input
    const isSame = result.client.jwks?.keys.some((jwk) => thumbprint(jwk) === proof?.jkt)
    if (isSame && result.clientAuth.method === 'private_key_jwt') {
      throw new InvalidRequestError(
        'The DPoP proof must be signed with a different key than the client assertion',
      )
    }
    return result
  }
}

/** RFC 7638, for public keys. */
function thumbprint(jwk: object): string {
  const { crv, e, kty, n, x, y } = jwk as Record<string, string>
  // Members in lexical order; stringify drops those that a key type does not have.
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url')
}
