/**
 * The manifest of an archive: what it has, with a hash of each part, signed by the server that made it. The signature is of
 * the JSON of `manifest`, without white space and in the order of the file (`jq -cj .manifest`).
 */
import { ArchiveProblem } from '#src/archive/problem.ts'
import { verifyDidKeySignature } from '#src/ports/did-key-signature.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'

export const MANIFEST_VERSION = 1
export const MAX_MANIFEST_BYTES = 64 * 1024

export const partNames = ['repo.car', 'blobs.jsonl', 'preferences.json', 'private.sealed'] as const
export type PartName = (typeof partNames)[number]

/** `size` is in bytes; `sha256` in hexadecimal. */
export interface Part {
  size: number
  sha256: string
}

export interface Manifest {
  version: typeof MANIFEST_VERSION
  did: string
  handle: string | null
  /** Of the account, such as `active`. */
  status: string
  /** The name of the archive: when it was made, and the rev. */
  archive: string
  /** ISO 8601. */
  createdAt: string
  /** The server's DID. */
  server: string
  /** Of the signed commit. */
  rev: string
  root: string
  /** The did:key that has signed the commit. */
  signingKey: string
  records: number
  blobs: number
  /** Bytes of all blobs. */
  blobBytes: number
  /** Blobs that records refer to, and that were not stored. */
  missingBlobs: number
  parts: Partial<Record<PartName, Part>>
}

export interface SignedManifest {
  manifest: Manifest
  /** did:key */
  signedBy: string
}

export function signManifest(manifest: Manifest, key: SigningKey): string {
  return format(manifest, key.did(), key.sign(signedBytes(manifest)))
}

/** Throws `ArchiveProblem` if it is damaged, or if it is not signed by one of the `trusted` did:keys. */
export async function readManifest(
  text: string,
  trusted: readonly string[],
): Promise<SignedManifest> {
  const { manifest, signedBy, signature } = parse(text)
  if (!trusted.includes(signedBy)) {
    throw new ArchiveProblem(
      `manifest.json is signed by ${signedBy}, which is not a key of this server: if you trust it, name it with --signed-by, or in PDS_ARCHIVE_TRUSTED_KEYS`,
    )
  }
  const sig = Buffer.from(signature, 'base64url')
  if (!(await verifyDidKeySignature(signedBy, signedBytes(manifest), sig))) throw damaged()
  // What is not signed, such as white space, is not changed either.
  if (format(manifest, signedBy, sig) !== text) throw damaged()
  if (manifest.version !== MANIFEST_VERSION) {
    throw new ArchiveProblem(`the archive has the version ${manifest.version}: use a newer release`)
  }
  return { manifest, signedBy }
}

function parse(text: string): { manifest: Manifest; signedBy: string; signature: string } {
  try {
    const { manifest, signedBy, signature } = JSON.parse(text)
    if (typeof signedBy !== 'string' || typeof signature !== 'string') throw damaged()
    if (typeof manifest !== 'object' || manifest === null) throw damaged()
    return { manifest, signedBy, signature }
  } catch {
    throw damaged()
  }
}

function format(manifest: Manifest, signedBy: string, signature: Uint8Array): string {
  const signed = { manifest, signedBy, signature: Buffer.from(signature).toString('base64url') }
  return `${JSON.stringify(signed, null, 2)}\n`
}

function signedBytes(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest))
}

function damaged(): ArchiveProblem {
  return new ArchiveProblem('manifest.json is damaged, or was changed')
}
