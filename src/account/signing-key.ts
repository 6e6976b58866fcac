/** The account's signing key: unsealed at its first use, and again when the row has another. */
import type { Profile } from '#src/account/profile.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { type SigningKey, signingKey } from '#src/ports/secp256k1.ts'

/** Gives the key that the account's row names, whenever it is asked. */
export function cachedSigningKey({
  did,
  keys,
  profile,
}: {
  did: string
  keys: Keychain
  profile: Profile
}): () => Promise<SigningKey> {
  let open: { name: string; key: SigningKey } | undefined
  return async () => {
    const { signingKey: sealed, signingKeyDid: name } = await profile.get()
    if (open?.name !== name) open = { name, key: signingKey(keys.open(sealed, did)) }
    return open.key
  }
}
