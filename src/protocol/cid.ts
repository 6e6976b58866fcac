/** CIDs as base32 strings: computed, validated, and converted to bytes (CIDv1, sha-256). */
import { createHash } from 'node:crypto'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const digitOf = new Int8Array(128)
for (let i = 0; i < 32; i++) digitOf[alphabet.charCodeAt(i)] = i

// CIDv1, codec (dag-cbor 0x71 or raw 0x55), sha-256, 32 bytes.
const cborPrefix = Uint8Array.of(1, 0x71, 0x12, 32)
const rawPrefix = Uint8Array.of(1, 0x55, 0x12, 32)

export const CID_LENGTH = 36

export function cidForCbor(bytes: Uint8Array): string {
  return cidOfDigest(cborPrefix, createHash('sha256').update(bytes).digest())
}

export function cidForRaw(bytes: Uint8Array): string {
  return cidOfDigest(rawPrefix, createHash('sha256').update(bytes).digest())
}

export function cidOfRawDigest(digest: Uint8Array): string {
  return cidOfDigest(rawPrefix, digest)
}

function cidOfDigest(prefix: Uint8Array, digest: Uint8Array): string {
  const bytes = new Uint8Array(CID_LENGTH)
  bytes.set(prefix)
  bytes.set(digest, prefix.length)
  return cidFromBytes(bytes)
}

/** Every pair of digits: ten bits at a time are three times as fast as five. */
const pairs = Array.from({ length: 1_024 }, (_, i) => `${alphabet[i >> 5]}${alphabet[i & 31]}`)

export function cidFromBytes(bytes: Uint8Array): string {
  let out = 'b'
  let at = 0
  for (; at + 5 <= bytes.length; at += 5) {
    const third = bytes[at + 2]!
    const high = (bytes[at]! << 12) | (bytes[at + 1]! << 4) | (third >> 4)
    const low = ((third & 15) << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!
    out += pairs[high >> 10]! + pairs[high & 1023]! + pairs[low >> 10]! + pairs[low & 1023]!
  }
  let bits = 0
  let held = 0
  for (; at < bytes.length; at++) {
    held = (held << 8) | bytes[at]!
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet[(held >> bits) & 31]
    }
  }
  return bits > 0 ? out + alphabet[(held << (5 - bits)) & 31] : out
}

export function cidBytes(cid: string): Uint8Array {
  const out = new Uint8Array(CID_LENGTH)
  writeCid(cid, out, 0)
  return out
}

/** Does not validate `cid`. */
export function writeCid(cid: string, out: Uint8Array, at: number): void {
  let bits = 0
  let held = 0
  let to = at
  for (let i = 1; i < cid.length; i++) {
    held = (held << 5) | digitOf[cid.charCodeAt(i)]!
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out[to++] = (held >> bits) & 255
    }
  }
}

/** The sha-256 digest in a CID that `isCid` takes; undefined for any other text. */
export function cidDigest(cid: string): Uint8Array | undefined {
  return isCid(cid) ? cidBytes(cid).subarray(4) : undefined
}

/** Whether the text is a CIDv1 with sha-256 of a DAG-CBOR block or of raw bytes, in base32 lower case. */
export function isCid(text: string): boolean {
  if (text.length !== 59) return false
  const bytes = cidBytes(text)
  const known = bytes[1] === 0x71 || bytes[1] === 0x55
  // Text with another first character, or one that is not base32, is not what its bytes are written as.
  return (
    bytes[0] === 1 && known && bytes[2] === 0x12 && bytes[3] === 32 && cidFromBytes(bytes) === text
  )
}
