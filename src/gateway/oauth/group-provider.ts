/** The provider for groups: tokens name the member that acts, and have the scopes that its role allows. */
import { InvalidGrantError } from '@atproto/oauth-provider/errors'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import { memberIn } from '#src/gateway/oauth/acting-parameters.ts'
import { DistinctKeysProvider } from '#src/gateway/oauth/distinct-keys.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { decodeJwtPart } from '#src/protocol/jwt.ts'

/** How long a sign-in counts for a request that demands a new one: as long as the request lasts. */
export const FRESH_SIGN_IN_MS = 5 * 60 * 1000

type Options = ConstructorParameters<typeof OAuthProvider>[0]

/** The claim `act` (RFC 8693) of a member's access tokens. */
export const actClaim: Required<Pick<Options, 'onCreateToken'>> = {
  onCreateToken: ({ parameters, claims }) => {
    const member = memberIn(parameters)
    return member === undefined ? undefined : { ...claims, act: { sub: member } }
  },
}

export class GroupProvider extends DistinctKeysProvider {
  override async token(
    ...input: Parameters<OAuthProvider['token']>
  ): ReturnType<OAuthProvider['token']> {
    const response = await super.token(...input)
    const { act, jti } = decodeJwtPart(response.access_token.split('.')[1] ?? '') ?? {}
    if (act === undefined) return response
    // The account checks what the role allows now, and checks it again for each request with the token.
    const info = await this.tokenManager.getTokenInfo(jti as `tok-${string}`)
    if (!info) throw new InvalidGrantError('The membership has ended')
    return Object.assign(response, { scope: info.data.scope ?? 'atproto' })
  }

  /**
   * The library's page cannot sign a member in as its group; only our own page can (`group-sign-in.ts`). So the library's
   * page shows a group only if that is not needed.
   */
  override async authorize(
    ...input: Parameters<OAuthProvider['authorize']>
  ): ReturnType<OAuthProvider['authorize']> {
    const result = await super.authorize(...input)
    if (!('sessions' in result) || result.parameters.prompt !== 'login') return result
    const since = Date.now() - FRESH_SIGN_IN_MS
    const sessions = result.sessions.flatMap((session) => {
      const acting = requestContext().acting?.get(session.account.did)
      if (acting === undefined) return [session]
      return acting.signedInAt > since ? [{ ...session, loginRequired: false }] : []
    })
    return { ...result, sessions }
  }
}
