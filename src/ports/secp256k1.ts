/** Signing with k256 keys: libsecp256k1 in WebAssembly, or JavaScript if that cannot load. */
import { createHash, randomBytes } from 'node:crypto'
import {
  bytesToMultibase,
  DID_KEY_PREFIX,
  SECP256K1_DID_PREFIX,
  SECP256K1_JWT_ALG,
} from '@atproto/crypto'

export interface SigningKey {
  readonly jwtAlg: string
  did(): string
  /** Signs the sha-256 of `bytes`: ECDSA after RFC 6979, low-S, 64 bytes (r and s). */
  sign(bytes: Uint8Array): Uint8Array
}

/** Private keys and digests are 32 bytes; public keys are compressed, 33 bytes. */
export interface Curve {
  isPrivateKey(key: Uint8Array): boolean
  publicKey(key: Uint8Array): Uint8Array
  sign(digest: Uint8Array, key: Uint8Array): Uint8Array
  /** `publicKey` may also be uncompressed. `signature` is 64 bytes; high-S is accepted. */
  verify(digest: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean
}

export async function wasmCurve(): Promise<Curve> {
  const { isPrivate, pointFromScalar, sign, verify } = await import('tiny-secp256k1')
  return {
    isPrivateKey: isPrivate,
    publicKey: (key) => pointFromScalar(key, true)!,
    sign,
    verify,
  }
}

export async function jsCurve(): Promise<Curve> {
  const { secp256k1 } = await import('@noble/curves/secp256k1.js')
  return {
    isPrivateKey: (key) => secp256k1.utils.isValidSecretKey(key),
    publicKey: (key) => secp256k1.getPublicKey(key, true),
    sign: (digest, key) => secp256k1.sign(digest, key, { prehash: false, lowS: true }),
    verify: (digest, publicKey, signature) =>
      secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: false }),
  }
}

const curve = await wasmCurve().catch(jsCurve)

/** Throws if `privateKey` (32 bytes) is not valid. */
export function signingKey(
  privateKey: Uint8Array,
  { sign, publicKey, isPrivateKey } = curve,
): SigningKey {
  const secret = Uint8Array.from(privateKey)
  if (!isPrivateKey(secret)) throw new Error('not a secp256k1 private key')
  let did: string | undefined
  return {
    jwtAlg: SECP256K1_JWT_ALG,
    did: () => (did ??= didKey(publicKey(secret))),
    sign: (bytes) => sign(createHash('sha256').update(bytes).digest(), secret),
  }
}

/** As the library's formatDidKey, which computes the point of a key that is compressed already. */
function didKey(compressed: Uint8Array): string {
  const multikey = Buffer.concat([SECP256K1_DID_PREFIX, compressed])
  return `${DID_KEY_PREFIX}${bytesToMultibase(multikey, 'base58btc')}`
}

/** `signature` is 64 bytes, r and s. False for a malformed key or signature. */
export function verifySecp256k1(
  digest: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
  { verify } = curve,
): boolean {
  try {
    return signature.length === 64 && verify(digest, publicKey, signature)
  } catch {
    return false
  }
}

export function newSigningKey(): { privateKey: Uint8Array; key: SigningKey } {
  const privateKey = new Uint8Array(randomBytes(32))
  // Fewer than one random number in 2^127 is out of range.
  return curve.isPrivateKey(privateKey)
    ? { privateKey, key: signingKey(privateKey) }
    : newSigningKey()
}
