/**
 * Recognizes valid first operations in a quarter of the library's time, nearly all of which goes to keys and signatures.
 * The library decides about all others.
 */
import { createHash } from 'node:crypto'
import { didForCreateOp, type OpOrTombstone } from '@did-plc/lib'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import { verifySecp256k1 } from '#src/ports/secp256k1.ts'
import { k256PublicKey, unsignedBytes } from '#src/protocol/plc-operation.ts'

const MAX_ROTATION_KEYS = 5
/** `did:plc:` and 24 characters. */
const MIN_DID_LENGTH = 32
/** Half of the order of the curve. Only one of the two signatures of each point is valid. */
const MAX_S = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex')

/** Servers sign all their operations with the same key. */
const rotationKeys = new BoundedMap<string, Uint8Array>(100)

/** False for an operation that may be valid nevertheless, for example with a key of another curve. */
export async function isValidFirst(did: string, operation: OpOrTombstone): Promise<boolean> {
  if (operation.type !== 'plc_operation' || operation.prev !== null) return false
  const { rotationKeys: own, verificationMethods, sig } = operation
  if (did.length < MIN_DID_LENGTH || own.length > MAX_ROTATION_KEYS) return false
  const areKeys = Object.values(verificationMethods).every((key) => k256PublicKey(key))
  const signers = own.map(rotationKey)
  if (!areKeys || signers.includes(undefined)) return false
  const signature = Buffer.from(sig, 'base64url')
  // The same bytes may be written in other ways.
  if (signature.toString('base64url') !== sig || signature.subarray(32).compare(MAX_S) > 0) {
    return false
  }
  const digest = createHash('sha256').update(unsignedBytes(operation)).digest()
  if (!signers.some((key) => verifySecp256k1(digest, key!, signature))) return false
  return (await didForCreateOp(operation, 64)).startsWith(did)
}

function rotationKey(text: string): Uint8Array | undefined {
  const known = rotationKeys.get(text)
  if (known !== undefined) return known
  const key = k256PublicKey(text)
  if (key !== undefined) rotationKeys.set(text, key)
  return key
}
