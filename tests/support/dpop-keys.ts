/** What an app's keys sign with: left to itself a client takes the first algorithm of the server's list. */
import { createHash, randomBytes } from 'node:crypto'
import { JoseKey } from '@atproto/jwk-jose'
import { requestLocalLock } from '@atproto/oauth-client-node'

/** Node's own runtime, with keys of one kind: browsers have ES256. */
export function runtimeWithAlg(alg: string) {
  return {
    requestLock: requestLocalLock,
    createKey: () => JoseKey.generate([alg]),
    getRandomValues: randomBytes,
    digest: (bytes: Uint8Array, { name }: { name: string }) =>
      createHash(name).update(bytes).digest(),
  }
}
