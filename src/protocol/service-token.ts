/**
 * Service auth tokens: short-lived JWTs with which an account authenticates to another service, signed with its own
 * key.
 */
import { verifySignature } from '@atproto/crypto'
import { decodeJwtPart, encodeJwtPart } from '#src/protocol/jwt.ts'

/**
 * Claims in the order of the reference PDS. Times are whole seconds since 1970. `iss` and `aud` are a DID or
 * `did#service`, `lxm` is the NSID of the only method that the token is for, `jti` is 32 random hex digits.
 */
export interface ServiceClaims {
  iat: number
  iss: string
  aud: string
  exp: number
  lxm?: string | undefined
  jti: string
  /** How the caller was authenticated that got the token (RFC 8176); ours has `app` or nothing. */
  amr?: readonly string[] | undefined
}

interface TokenSigner {
  readonly jwtAlg: string
  sign(bytes: Uint8Array): Uint8Array
}

export function createServiceToken(claims: ServiceClaims, signer: TokenSigner): string {
  const { iat, iss, aud, exp, lxm, jti, amr } = claims
  const head = encodeJwtPart({ typ: 'JWT', alg: signer.jwtAlg })
  const body = `${head}.${encodeJwtPart({ iat, iss, aud, exp, lxm, jti, amr })}`
  return `${body}.${Buffer.from(signer.sign(Buffer.from(body))).toString('base64url')}`
}

/** Nothing of the token is verified. */
export interface ParsedServiceToken {
  header: { alg: string; typ?: unknown }
  claims: Omit<ServiceClaims, 'iat' | 'jti'>
  signed: Uint8Array
  signature: Uint8Array
}

const MAX_TOKEN_LENGTH = 8192

/** Not verified; undefined if the token cannot be read. */
export function tokenType(token: string): unknown {
  return token.length > MAX_TOKEN_LENGTH ? undefined : decodeJwtPart(token.split('.')[0]!)?.['typ']
}

export function claimedMethod(token: string): unknown {
  return token.length > MAX_TOKEN_LENGTH
    ? undefined
    : decodeJwtPart(token.split('.')[1] ?? '')?.['lxm']
}

export function parseServiceToken(token: string): ParsedServiceToken | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  const header = decodeJwtPart(head)
  const claims = decodeJwtPart(body)
  if (parts.length !== 3 || header === undefined || claims === undefined) return undefined
  const { alg, typ } = header
  const { iss, aud, exp, lxm, amr } = claims
  if (typeof alg !== 'string' || typeof iss !== 'string' || typeof aud !== 'string')
    return undefined
  if (!Number.isFinite(exp) || typeof exp !== 'number' || (lxm && typeof lxm !== 'string'))
    return undefined
  return {
    header: { alg, typ },
    claims: {
      ...{ iss, aud, exp, lxm: typeof lxm === 'string' ? lxm : undefined },
      ...(Array.isArray(amr) && { amr: amr.filter((method) => typeof method === 'string') }),
    },
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

/** High-S signatures count, as in the reference PDS. Rejects if the key is malformed. */
export async function isSignedBy(didKey: string, token: ParsedServiceToken): Promise<boolean> {
  const { alg } = token.header
  const options = { jwtAlg: alg, allowMalleableSig: true }
  return verifySignature(didKey, token.signed, token.signature, options)
}
