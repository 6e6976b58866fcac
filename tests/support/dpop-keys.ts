/** A client runtime with a chosen DPoP algorithm: the default is the first one in the server's list. */
import { createHash, randomBytes } from 'node:crypto'
import { JoseKey } from '@atproto/jwk-jose'
import { requestLocalLock } from '@atproto/oauth-client-node'

/** Node's runtime, with keys of one algorithm; browsers use ES256. */
export function runtimeWithAlg(alg: string) {
  return {
    requestLock: requestLocalLock,
    createKey: () => JoseKey.generate([alg]),
    getRandomValues: randomBytes,
    digest: (bytes: Uint8Array, { name }: { name: string }) =>
      createHash(name).update(bytes).digest(),
  }
}
