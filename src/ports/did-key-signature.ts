/** Signatures by the owner of a did:key. */
import { verifySignature } from '@atproto/crypto'

/** False if the did:key or the signature is malformed. */
export async function verifyDidKeySignature(
  didKey: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    return await verifySignature(didKey, bytes, signature)
  } catch {
    return false
  }
}
