/** Signing with k256 keys: libsecp256k1 in WebAssembly, JavaScript where that cannot load. */
import { createHash, randomBytes } from 'node:crypto'
import { formatDidKey, SECP256K1_JWT_ALG } from '@atproto/crypto'

/** A private key that signs; the synchronous twin of `Keypair` in `@atproto/crypto`. */
export interface SigningKey {
  readonly jwtAlg: string
  /** The public half as a did:key. */
  did(): string
  /** Signs the sha-256 of `bytes`: ECDSA after RFC 6979, low-S, 64 bytes (r and s). */
  sign(bytes: Uint8Array): Uint8Array
}

/** The arithmetic a signing key stands on. Private keys and digests are 32 bytes. */
export interface Curve {
  isPrivateKey(key: Uint8Array): boolean
  /** The compressed public key, 33 bytes. */
  publicKey(key: Uint8Array): Uint8Array
  sign(digest: Uint8Array, key: Uint8Array): Uint8Array
  /** Whether a signature of 64 bytes is good, with a public key in either form; high-S signatures count. */
  verify(digest: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean
}

/** Throws where WebAssembly is off. */
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

/** The signing key of a private key of 32 bytes; throws if it is not one. */
export function signingKey(
  privateKey: Uint8Array,
  { sign, publicKey, isPrivateKey } = curve,
): SigningKey {
  const secret = Uint8Array.from(privateKey)
  if (!isPrivateKey(secret)) throw new Error('not a secp256k1 private key')
  let did: string | undefined
  return {
    jwtAlg: SECP256K1_JWT_ALG,
    did: () => (did ??= formatDidKey(SECP256K1_JWT_ALG, publicKey(secret))),
    sign: (bytes) => sign(createHash('sha256').update(bytes).digest(), secret),
  }
}

/** Whether the signature (64 bytes, r and s) of a sha-256 digest is good; false for what is no key or no signature. */
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

/** A fresh key, with its private half to be sealed and stored. */
export function newSigningKey(): { privateKey: Uint8Array; key: SigningKey } {
  const privateKey = new Uint8Array(randomBytes(32))
  // Not one random number in 2^127 falls outside the group.
  return curve.isPrivateKey(privateKey)
    ? { privateKey, key: signingKey(privateKey) }
    : newSigningKey()
}
