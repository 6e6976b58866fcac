/** What the sign-in forms check: passwords, passkeys, and how often they are tried. */
import type { Context } from 'hono'
import type { ClientInfo } from '#src/account/security-events.ts'
import { authRequired, XrpcError } from '#src/errors.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { newPageToken, type PageSession } from '#src/gateway/pages/page-session.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { assertionOptions, type RequestOptions } from '#src/ports/webauthn.ts'
import { isDid } from '#src/protocol/did.ts'
import { newChallenge } from '#src/rules/challenges.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

type C = Context<Env>

/** The minimum duration of every sign-in on this server, so that timing does not reveal whether an account exists. */
export const MIN_DURATION_MS = 350

/** Of a sign-in with a passkey of any account. */
export function signInOptions({ server, secret, clock }: PageContext): Promise<RequestOptions> {
  const { publicUrl } = server.service
  const challenge = newChallenge('sign in', { secret, now: clock.now() })
  return assertionOptions({ publicUrl, challenge, known: [] })
}

export async function checkPassword(
  context: PageContext,
  client: ClientInfo,
  identifier: string,
  password: string,
) {
  if (password.length > 512) throw authRequired('Password too long')
  const { accounts } = context.server.dispatch.directory
  const found = await accounts.find({ identifier: normalizeIdentifier(identifier) })
  if (found === null) throw authRequired('Invalid identifier or password')
  const pageToken = newPageToken(found.did)
  const account = context.server.dispatch.account(found.did, client.network, 'sign in')
  const { kinds } = await account.page.signIn({
    password,
    token: pageToken.token,
    client,
  })
  return [pageToken, kinds] as const
}

/** Throws 429. */
export async function countSignInAttempt(
  context: PageContext,
  c: C,
  identifier: string,
): Promise<void> {
  const request = c.env?.incoming
  if (request === undefined) return
  const nsid = 'com.atproto.server.createSession'
  const limitStatus = await context.rateLimits?.({
    nsid,
    request,
    caller: undefined,
    input: { identifier },
  })
  if (limitStatus?.isRefused) throw rateLimitExceeded(limitStatus)
}

export function errorText(
  { messages }: PageSession,
  error: unknown,
  wrong: 'wrongCode' | 'wrongPasskey' | 'wrongPassword' = 'wrongPassword',
): string {
  if (!(error instanceof XrpcError) || error.status >= 500) throw error
  if (error.status === 429) return messages.text('tooManyAttempts')
  return messages.text(error.error === 'AccountTakedown' ? 'cannotSignIn' : wrong)
}

/** The DID that was set as the user handle when the passkey was created; empty if there is none. */
export function didInUserHandle(response: unknown): string {
  const inner =
    typeof response === 'object' && response !== null
      ? Reflect.get(response, 'response')
      : undefined
  const handle: unknown =
    typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'userHandle') : undefined
  const did =
    typeof handle === 'string' ? Buffer.from(handle.slice(0, 200), 'base64url').toString() : ''
  return isDid(did) ? did : ''
}
