/** Verifies service tokens, by which an account or a service calls one method of this server. */
import { authRequired } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import {
  isSignedBy,
  type ParsedServiceToken,
  parseServiceToken,
  tokenType,
} from '#src/protocol/service-token.ts'
import { LIMITED } from '#src/rules/session-tokens.ts'

const rejectedTypes: readonly unknown[] = ['at+jwt', 'refresh+jwt', 'dpop+jwt']

export interface ServiceAuthOptions {
  aud: string | readonly string[]
  lxm: string
  /** The accepted issuers; default: all. */
  iss?: readonly string[]
}

export type IssuerResolver = Pick<DidResolver, 'resolve' | 'refresh'>

/**
 * Throws 401: BadJwt, BadJwtType, JwtExpired, BadJwtAudience, BadJwtLexiconMethod, BadJwtIss, UntrustedIss,
 * BadJwtSignature, or AuthenticationRequired if the issuer has no key. If the signature does not verify, the DID document
 * is fetched anew (not more often than the resolver allows) and the signature tried once more, since keys are rotated. `iss` is a DID, or `did#service`.
 * `isLimited`: an account of this server let an app have it that may do no more than what concerns the account itself.
 */
export async function verifyServiceAuth(
  token: string,
  options: ServiceAuthOptions,
  resolver: IssuerResolver,
  now: number = Date.now(),
): Promise<{ iss: string; isLimited?: true }> {
  const typ = tokenType(token)
  if (rejectedTypes.includes(typ)) throw authRequired(`Invalid jwt type "${typ}"`, 'BadJwtType')
  const parsed = parseServiceToken(token)
  if (parsed === undefined) throw authRequired('poorly formatted jwt', 'BadJwt')
  const { claims } = parsed
  if (now / 1000 > claims.exp) throw authRequired('jwt expired', 'JwtExpired')
  if (![options.aud].flat().includes(claims.aud)) {
    throw authRequired('jwt audience does not match service did', 'BadJwtAudience')
  }
  if (claims.lxm !== options.lxm) {
    const fault = claims.lxm === undefined ? 'missing' : 'bad'
    const message = `${fault} jwt lexicon method ("lxm"). must match: ${options.lxm}`
    throw authRequired(message, 'BadJwtLexiconMethod')
  }
  const [did = '', service, ...more] = claims.iss.split('#')
  if (!isAtprotoDid(did) || service === '' || more.length > 0) {
    throw authRequired('jwt iss is not a valid did', 'BadJwtIss')
  }
  if (options.iss !== undefined && !options.iss.includes(claims.iss)) {
    throw authRequired('Untrusted issuer', 'UntrustedIss')
  }
  const keyId = service === 'atproto_labeler' ? 'atproto_label' : 'atproto'
  const key = await keyOf(did, keyId, (did) => resolver.resolve(did))
  const limit = claims.amr?.includes(LIMITED) ? { isLimited: true as const } : {}
  const issuer = { iss: claims.iss, ...limit }
  if (await isSigned(key, parsed)) return issuer
  const freshKey = await keyOf(did, keyId, (did) => resolver.refresh(did, { isLimited: true }))
  if (freshKey !== key && (await isSigned(freshKey, parsed))) return issuer
  throw authRequired('jwt signature does not match jwt issuer', 'BadJwtSignature')
}

async function keyOf(did: string, keyId: string, resolve: DidResolver['resolve']): Promise<string> {
  const document = await resolve(did)
  if (document === undefined) throw authRequired('could not resolve iss did')
  const key = verificationKey(document, keyId)
  if (key === undefined) throw authRequired('missing or bad key in did doc')
  return key
}

async function isSigned(key: string, token: ParsedServiceToken): Promise<boolean> {
  try {
    return await isSignedBy(key, token)
  } catch {
    throw authRequired('could not verify jwt signature', 'BadJwtSignature')
  }
}
