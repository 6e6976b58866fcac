/** A signed-in OAuth app: its access token, and DPoP proofs that are signed in advance. */
import { createHash, createPrivateKey, type JsonWebKey, randomUUID, sign } from 'node:crypto'
import { type App, loopbackApp, ProviderPageClient, signIn } from '#tests/support/oauth-client.ts'
import { assertAnswer, type Caller, type Session } from './server-under-test.ts'
import type { Server } from './servers.ts'

const scope = 'atproto transition:generic transition:email'

/** A loopback client, with ES256 keys as in browsers by default. */
export function newOAuthClient({ plcUrl, url }: Server, alg = 'ES256'): App {
  return loopbackApp({ scope, plcUrl, url, alg })
}

/** The server's public URL, in proofs, tokens and pages. */
export function issuerOf({ url }: Server): string {
  return url.replace('127.0.0.1', 'localhost')
}

export interface SignedInApp {
  /** `count` callers, each with a DPoP proof of its own for this method and the newest nonce. */
  callers(verb: 'GET' | 'POST', nsid: string, count: number): Promise<Caller[]>
}

export async function signedInApp(
  server: Server,
  { did, handle, password }: Session,
  alg?: string,
): Promise<SignedInApp> {
  const app = newOAuthClient(server, alg)
  const browser = new ProviderPageClient(issuerOf(server))
  await signIn(app, { browser, handle, password })
  const { dpopJwk, tokenSet } = app.sessions.get(did)!
  const token = tokenSet.access_token
  const authorization = `DPoP ${token}`
  const prove = proofSigner(dpopJwk as JsonWebKey, token)

  return {
    async callers(verb, nsid, count) {
      const htu = `${issuerOf(server)}/xrpc/${nsid}`
      const bare = await fetch(htu, {
        method: verb,
        headers: { authorization, dpop: prove({ htm: verb, htu }) },
      })
      const nonce = bare.headers.get('dpop-nonce')
      await bare.body?.cancel()
      assertAnswer(bare.status === 401 && nonce !== null, 'a proof without a nonce')
      return Array.from({ length: count }, () => ({
        did,
        headers: { authorization, dpop: prove({ htm: verb, htu, nonce }) },
      }))
    },
  }
}

/** Signs proofs with one key, for one token, as the clients of @atproto do. */
function proofSigner(jwk: JsonWebKey, token: string): (claims: object) => string {
  const { kty, crv, x, y } = jwk
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const alg = crv === 'secp256k1' ? 'ES256K' : 'ES256'
  const head = encoded({ alg, typ: 'dpop+jwt', jwk: { kty, crv, x, y } })
  const ath = createHash('sha256').update(token).digest('base64url')
  return (claims) => {
    const iat = Math.floor(Date.now() / 1000)
    const data = `${head}.${encoded({ iat, jti: randomUUID(), ...claims, ath })}`
    const signature = sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' })
    return `${data}.${signature.toString('base64url')}`
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
