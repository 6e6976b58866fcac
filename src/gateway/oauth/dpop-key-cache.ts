/**
 * Proofs by keys that were met before. Half a millisecond of a proof goes into reading and trusting its key; whoever
 * has shown one good proof shows the next ones under the same header, letter by letter, so only what changes is looked
 * at: the signature and the claims. What is not plainly good is left to the library to judge.
 */
import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import type { DpopProof } from '@atproto/oauth-provider/verifier'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { verifySecp256k1 } from '#src/ports/secp256k1.ts'

/** What a proof must be for. */
export interface ExpectedProof {
  method: string
  /** Origin and path. */
  url: string
  token: string
  isValidNonce(nonce: string): boolean
  /** Milliseconds since 1970. */
  now: number
}

interface KnownKey {
  jkt: string
  isSigned(data: Buffer, signature: Buffer): boolean
}

const MAX_KEYS = 10_000
/** As the library has it: proofs are of the last ten seconds, and clocks may differ by three minutes. */
const MAX_AGE_S = 10
const TOLERANCE_S = 180

export class DpopKeyCache {
  readonly #keys = new BoundedMap<string, KnownKey>(MAX_KEYS)

  /** The proof, if it is good, by a known key; undefined for all else. */
  verify(jwt: string, terms: ExpectedProof): DpopProof | undefined {
    const [header = '', claims = '', signature = '', ...rest] = jwt.split('.')
    const key = this.#keys.get(header)
    if (key === undefined || rest.length > 0) return undefined
    const payload = parsed(claims)
    if (payload === undefined || !isFor(payload, terms)) return undefined
    const data = Buffer.from(`${header}.${claims}`)
    if (!key.isSigned(data, Buffer.from(signature, 'base64url'))) return undefined
    const { jti, htm, htu } = payload as { jti: string; htm: string; htu: string }
    return Object.freeze({ jti, jkt: key.jkt, htm, htu }) as DpopProof
  }

  /** To be called with a proof that the library has found good. */
  remember(jwt: string, jkt: string): void {
    const header = jwt.slice(0, jwt.indexOf('.'))
    if (this.#keys.has(header)) return
    const key = keyOf(parsed(header), jkt)
    if (key === undefined) return
    this.#keys.set(header, key)
  }
}

function isFor(payload: Record<string, unknown>, terms: ExpectedProof): boolean {
  const { htm, htu, jti, iat, nonce, ath, exp, nbf } = payload
  if (htm !== terms.method || htu !== terms.url) return false
  if (typeof jti !== 'string' || jti === '' || exp !== undefined || nbf !== undefined) return false
  const age = Math.floor(terms.now / 1000) - (typeof iat === 'number' ? iat : Number.NaN)
  if (!(age <= MAX_AGE_S + TOLERANCE_S && age >= -TOLERANCE_S)) return false
  if (typeof nonce !== 'string' || !terms.isValidNonce(nonce)) return false
  return ath === createHash('sha256').update(terms.token).digest('base64url')
}

const hashes: Record<string, string> = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512' }

function keyOf(header: Record<string, unknown> | undefined, jkt: string): KnownKey | undefined {
  const { alg, jwk } = (header ?? {}) as { alg?: string; jwk?: JsonWebKey }
  if (jwk === undefined || alg === undefined) return undefined
  if (alg === 'ES256K') {
    const point = [jwk.x ?? '', jwk.y ?? ''].map((part) => Buffer.from(part, 'base64url'))
    const publicKey = Buffer.concat([Buffer.of(4), ...point])
    const digest = (data: Buffer) => createHash('sha256').update(data).digest()
    return {
      jkt,
      isSigned: (data, signature) => verifySecp256k1(digest(data), publicKey, signature),
    }
  }
  const hash = hashes[alg]
  if (hash === undefined) return undefined
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const terms = { key, dsaEncoding: 'ieee-p1363' } as const
  return { jkt, isSigned: (data, signature) => verify(hash, data, terms, signature) }
}

/** A part of a JWT; undefined where it is not a JSON object in base64url. */
function parsed(part: string): Record<string, unknown> | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
