/** Believing service tokens: that an account, or a service, of anywhere calls one method of this server. */
import { authRequired } from '#src/errors.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { verificationKey } from '#src/protocol/did-document.ts'
import { isAtprotoDid } from '#src/protocol/did-reference.ts'
import {
  isSignedBy,
  type ParsedServiceToken,
  parseServiceToken,
  tokenType,
} from '#src/protocol/service-token.ts'

/** Other kinds of tokens, which must not pass for this one. */
const foreignTypes: readonly unknown[] = ['at+jwt', 'refresh+jwt', 'dpop+jwt']

export interface ServiceAuthOptions {
  /** Whom the token must be for: the DIDs of this server. */
  aud: string | readonly string[]
  /** NSID of the method that is called. */
  lxm: string
  /** Whom to believe; anybody unless said. */
  iss?: readonly string[]
}

export type IssuerResolver = Pick<DidResolver, 'resolve' | 'refresh'>

/**
 * Believes a service token, or throws 401: BadJwt, BadJwtType, JwtExpired, BadJwtAudience, BadJwtLexiconMethod,
 * BadJwtIss, UntrustedIss, BadJwtSignature, or AuthenticationRequired where the issuer has no key. A signature that
 * does not fit is tried once more on a fresh document: keys are rotated. `iss` is a DID, or `did#service`.
 */
export async function verifyServiceAuth(
  token: string,
  terms: ServiceAuthOptions,
  resolver: IssuerResolver,
  now: number = Date.now(),
): Promise<{ iss: string }> {
  const typ = tokenType(token)
  if (foreignTypes.includes(typ)) throw authRequired(`Invalid jwt type "${typ}"`, 'BadJwtType')
  const opened = parseServiceToken(token)
  if (opened === undefined) throw authRequired('poorly formatted jwt', 'BadJwt')
  const { claims } = opened
  if (now / 1000 > claims.exp) throw authRequired('jwt expired', 'JwtExpired')
  if (![terms.aud].flat().includes(claims.aud)) {
    throw authRequired('jwt audience does not match service did', 'BadJwtAudience')
  }
  if (claims.lxm !== terms.lxm) {
    const fault = claims.lxm === undefined ? 'missing' : 'bad'
    const message = `${fault} jwt lexicon method ("lxm"). must match: ${terms.lxm}`
    throw authRequired(message, 'BadJwtLexiconMethod')
  }
  const [did = '', service, ...more] = claims.iss.split('#')
  if (!isAtprotoDid(did) || service === '' || more.length > 0) {
    throw authRequired('jwt iss is not a valid did', 'BadJwtIss')
  }
  if (terms.iss !== undefined && !terms.iss.includes(claims.iss)) {
    throw authRequired('Untrusted issuer', 'UntrustedIss')
  }
  const keyId = service === 'atproto_labeler' ? 'atproto_label' : 'atproto'
  const key = await keyOf(did, keyId, (did) => resolver.resolve(did))
  if (await isSigned(key, opened)) return { iss: claims.iss }
  const freshKey = await keyOf(did, keyId, (did) => resolver.refresh(did))
  if (freshKey !== key && (await isSigned(freshKey, opened))) return { iss: claims.iss }
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
