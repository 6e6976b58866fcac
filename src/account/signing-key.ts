/** The account's signing key, unsealed on first use and again after the row's key has changed. */
import type { Profile } from '#src/account/profile.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { type SigningKey, signingKey } from '#src/ports/secp256k1.ts'

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
