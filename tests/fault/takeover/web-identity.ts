/** A did:web whose document is on this machine, and an account of it that its owner creates and activates. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AtpAgent } from '@atproto/api'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { createMigratedAccount } from '#tests/support/migration-steps.ts'
import type { Place } from './place.ts'

export class WebIdentity {
  readonly did: string
  readonly #host: Server
  readonly #owner = newSigningKey().key
  /** What the document has. */
  key = this.#owner.did()
  #endpoint = 'https://elsewhere.example.com'

  static async open(): Promise<WebIdentity> {
    const host = createServer()
    await new Promise<void>((listening) => host.listen(0, 'localhost', listening))
    return new WebIdentity(host)
  }

  private constructor(host: Server) {
    this.#host = host
    this.did = `did:web:localhost%3A${(host.address() as AddressInfo).port}`
    host.on('request', (_, answer) => {
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify(this.#document()))
    })
  }

  #document(): object {
    const { did: id, key } = this
    const method = { id: `${id}#atproto`, type: 'Multikey', controller: id }
    const pds = { id: '#atproto_pds', type: 'AtprotoPersonalDataServer' }
    return {
      id,
      verificationMethod: [{ ...method, publicKeyMultibase: key.slice('did:key:'.length) }],
      service: [{ ...pds, serviceEndpoint: this.#endpoint }],
    }
  }

  /** Creates the account, points the document to the server with the key that it asks for, and activates it. */
  async createAccount(place: Place, name: string): Promise<AtpAgent> {
    const now = Math.floor(Date.now() / 1000)
    const lxm = 'com.atproto.server.createAccount'
    const claims = { iss: this.did, aud: 'did:web:localhost', lxm, iat: now, exp: now + 60 }
    const token = createServiceToken({ ...claims, jti: name }, this.#owner)
    const email = `${name}@example.com`
    const account = { did: this.did, handle: `${name}.test`, email, password: 'of the web' }
    const agent = await createMigratedAccount(place, token, account)
    const { data } = await agent.com.atproto.identity.getRecommendedDidCredentials()
    this.key = (data.verificationMethods as { atproto: string }).atproto
    this.#endpoint = place.url
    await agent.com.atproto.server.activateAccount()
    return agent
  }

  close(): void {
    this.#host.close()
  }
}
