/** The part that only the operator can open: sealed under PDS_BACKUP_KEY_HEX, and of one account. */
import { ArchiveProblem } from '#src/archive/problem.ts'
import { XrpcError } from '#src/errors.ts'
import { createKeychain } from '#src/ports/keychain.ts'

export const MAX_PRIVATE_BYTES = 64 * 1024 * 1024

/** What sealing adds, at most. */
const SEAL_BYTES = 64
const contextOf = (did: string) => `archive of ${did}`

/** `key` has 32 bytes. Throws 413 if it is too large to be restored. */
export function sealPrivate(key: Uint8Array, did: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_PRIVATE_BYTES - SEAL_BYTES) {
    const message = 'The private part of the archive is too large'
    throw new XrpcError(413, 'PayloadTooLarge', message)
  }
  return createKeychain(key).seal(bytes, contextOf(did))
}

/** Throws `ArchiveProblem` if it is damaged, of another account, or sealed under another key. */
export function openPrivate(key: Uint8Array, did: string, sealed: Uint8Array): Uint8Array {
  try {
    return createKeychain(key).open(sealed, contextOf(did))
  } catch {
    throw new ArchiveProblem(
      'private.sealed cannot be opened: it is damaged, of another account, or sealed with another PDS_BACKUP_KEY_HEX',
    )
  }
}
