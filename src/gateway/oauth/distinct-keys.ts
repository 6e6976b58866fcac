/**
 * The provider where an app proves itself with one key and its tokens with another. The library means to see to it, but
 * compares thumbprints of two kinds, which are never the same (0.22.9).
 */
import { createHash } from 'node:crypto'
import { InvalidRequestError } from '@atproto/oauth-provider/errors'
import { OAuthProvider } from '@atproto/oauth-provider/provider'

export class DistinctKeysProvider extends OAuthProvider {
  protected override async authenticateClient(
    ...input: Parameters<OAuthProvider['authenticateClient']>
  ): ReturnType<OAuthProvider['authenticateClient']> {
    const known = await super.authenticateClient(...input)
    const [, proof] = input
    const isSame = known.client.jwks?.keys.some((jwk) => thumbprint(jwk) === proof?.jkt)
    if (isSame && known.clientAuth.method === 'private_key_jwt') {
      throw new InvalidRequestError(
        'The DPoP proof must be signed with a different key than the client assertion',
      )
    }
    return known
  }
}

/** RFC 7638, of public keys. */
function thumbprint(jwk: object): string {
  const { crv, e, kty, n, x, y } = jwk as Record<string, string>
  // In this order, and without what a kind of key does not have.
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url')
}
