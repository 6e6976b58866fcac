/** An account whose DID is a did:web; its document is served here and can be changed at any time. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'
import type { RecordingClient } from './recording-client.ts'

export interface DidWebAccount extends Disposable {
  did: string
  /** The contents of the DID document; null answers 404. */
  document: { key: string; endpoint: string; handle: string } | null
  /** A service token of the DID for createAccount. */
  serviceToken(): string
  /** The CAR of its repo at another server. */
  car: Uint8Array
}

export async function openDidWebAccount(
  client: RecordingClient,
  name: string,
): Promise<DidWebAccount> {
  const { key } = newSigningKey()
  const server = createServer((_, response) => {
    if (own.document === null) return void response.writeHead(404).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(documentOf(own.did, own.document)))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const did = `did:web:localhost%3A${port}`
  client.placeholders.set(did, `<${name}>`)
  client.placeholders.set(`localhost:${port}`, `<host of ${name}>`)
  const record = { $type: 'com.example.thing', text: 'from afar' }
  const own: DidWebAccount = {
    did,
    document: { key: key.did(), endpoint: 'https://pds.example.com', handle: `${name}.test` },
    car: foreignRepo({ did, signer: key, records: { 'com.example.thing/one': record } }).car,
    serviceToken() {
      const iat = Math.floor(Date.now() / 1000)
      const lxm = 'com.atproto.server.createAccount'
      const claims = { iss: did, aud: 'did:web:localhost', lxm, iat, exp: iat + 60 }
      return `Bearer ${createServiceToken({ ...claims, jti: randomUUID() }, key)}`
    },
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return own
}

function documentOf(
  did: string,
  { key, endpoint, handle }: NonNullable<DidWebAccount['document']>,
): object {
  const publicKeyMultibase = key.slice('did:key:'.length)
  return {
    id: did,
    alsoKnownAs: [`at://${handle}`],
    verificationMethod: [
      { id: `${did}#atproto`, type: 'Multikey', controller: did, publicKeyMultibase },
    ],
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }],
  }
}
