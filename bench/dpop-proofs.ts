/** What `src/gateway/oauth/dpop-key-cache.ts` saves: the CPU time of a DPoP proof verified by the OAuth library and by the cache. */
import { generateKeyPairSync } from 'node:crypto'
import { OAuthVerifier } from '@atproto/oauth-provider/verifier'
import { DpopKeyCache } from '#src/gateway/oauth/dpop-key-cache.ts'
import { dpopProof } from '#tests/support/oauth-client.ts'
import { cpuTimes } from './cpu-time.ts'
import { assertAnswer } from './server-under-test.ts'

const PROOFS = 2000
const issuer = 'https://pds.example.com'
const url = `${issuer}/xrpc/com.atproto.server.getSession`
const token = 'x'.repeat(400)

for (const [alg, namedCurve] of [
  ['ES256', 'P-256'],
  ['ES256K', 'secp256k1'],
] as const) {
  const library = new OAuthVerifier({
    ...{ issuer, keyset: [], dpopSecret: new Uint8Array(32) },
    // Every proof is verified several times.
    replayStore: { unique: async () => true },
  })
  const cache = new DpopKeyCache()
  const nonce = library.nextDpopNonce()!
  const jwk = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' })
  const proofs = Array.from({ length: PROOFS }, () => dpopProof(jwk, { htu: url, token, nonce }))
  const verifyWithLibrary = (jwt: string) =>
    library.checkDpopProof('GET', new URL(url), { dpop: jwt }, token)
  const first = await verifyWithLibrary(proofs[0]!)
  cache.remember(proofs[0]!, first!.jkt)
  const expected = { method: 'GET', url, token, isValidNonce: (given: string) => given === nonce }

  const times = await cpuTimes(PROOFS, {
    library: async (n) => {
      const proof = await verifyWithLibrary(proofs[n]!)
      assertAnswer(proof?.jkt === first!.jkt, 'a proof that the library refuses')
    },
    cache: (n) => {
      const proof = cache.verify(proofs[n]!, { ...expected, now: Date.now() })
      assertAnswer(proof?.jkt === first!.jkt, 'a proof that the cache refuses')
    },
  })
  const { library: slow, cache: fast } = times
  console.log(
    `${alg}: library ${slow.toFixed(0)} µs, cache ${fast.toFixed(0)} µs of CPU for a proof`,
  )
}
