/** A service with a did:web and a key of its own: it calls methods by tokens that it signs itself, and has no account. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Secp256k1Keypair } from '@atproto/crypto'
import { createServiceJwt } from '@atproto/xrpc-server'

export interface PolicyServer {
  readonly did: string
  /** A token for one method of the server `aud`. */
  tokenFor(aud: string, lxm: string): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startPolicyServer(): Promise<PolicyServer> {
  const keypair = await Secp256k1Keypair.create()
  const server = createServer((_, response) => {
    const key = { type: 'Multikey', publicKeyMultibase: keypair.did().slice('did:key:'.length) }
    const verificationMethod = [{ id: `${did}#atproto`, controller: did, ...key }]
    response.end(JSON.stringify({ id: did, verificationMethod }))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const did = `did:web:localhost%3A${(server.address() as AddressInfo).port}`
  return {
    did,
    tokenFor: (aud, lxm) => createServiceJwt({ iss: did, aud, lxm, keypair }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
