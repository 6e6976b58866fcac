/**
 * A cookie that proves a sign-in for one authorization request: the library's ephemeral token, which its own page keeps in
 * memory. With it a reload does not ask for the password again, although the account is not remembered on the browser.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import { parse, serialize } from 'hono/utils/cookie'

type EphemeralToken = Parameters<OAuthProvider['signer']['verifyEphemeralToken']>[0]
type Claims = Parameters<OAuthProvider['signer']['createEphemeralToken']>[0]

interface SignInProof {
  did: string
  token: string
  /** When the sign-in was, in whole seconds. */
  signedInAt: number
}

/** As long as the library accepts the token. */
const TTL_S = 15 * 60
const MAX_LENGTH = 2_000

/** The Set-Cookie value. */
export function proofCookie(requestUri: string, token: string, isSecure: boolean): string {
  return serialize(nameOf(requestUri), token, {
    path: '/oauth/authorize',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isSecure,
    maxAge: TTL_S,
  })
}

export function createProof(
  { signer }: OAuthProvider,
  claims: { did: string; deviceId: string; requestUri: string },
): Promise<string> {
  const { did: sub, deviceId, requestUri } = claims
  return signer.createEphemeralToken({ sub, deviceId, requestUri } as Claims)
}

/** Undefined without a proof of this browser for this request. */
export async function readProof(
  { signer }: OAuthProvider,
  { headers }: Pick<IncomingMessage, 'headers'>,
  { deviceId, requestUri }: { deviceId: string; requestUri: string },
): Promise<SignInProof | undefined> {
  const name = nameOf(requestUri)
  const token = parse(headers.cookie ?? '', name)[name]
  if (token === undefined || token.length > MAX_LENGTH) return undefined
  const verified = await signer.verifyEphemeralToken(token as EphemeralToken).catch(() => undefined)
  if (verified === undefined) return undefined
  const { sub, iat, ...claims } = verified.payload
  if (claims.deviceId !== deviceId || claims.requestUri !== requestUri) return undefined
  return { did: sub, token, signedInAt: (iat ?? 0) * 1000 }
}

/** Of one request, since a browser may have several under way. */
function nameOf(requestUri: string): string {
  const hash = createHash('sha256').update(requestUri).digest('hex').slice(0, 16)
  return `sign-in-${hash}`
}
