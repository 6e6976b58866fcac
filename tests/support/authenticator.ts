/** A software passkey: creates one credential, and answers challenges in the form in which browsers send answers. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { encode } from '@ipld/dag-cbor'

export interface AuthenticatorOptions {
  origin: string
  /** The user-verified flag: the user was recognized by PIN, fingerprint or face. */
  verified?: boolean
}

export class Authenticator {
  readonly id = randomBytes(16).toString('base64url')
  readonly #key: { publicKey: KeyObject; privateKey: KeyObject }
  readonly #terms: AuthenticatorOptions
  /** The signature counter; stays 0, as for authenticators without one, unless a test sets it. */
  counter = 0

  constructor(terms: AuthenticatorOptions) {
    this.#terms = terms
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  }

  register({ challenge }: { challenge: string }) {
    const { x, y } = this.#key.publicKey.export({ format: 'jwk' })
    // COSE keys have integer labels, and this encoder writes string keys only.
    const cose = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x!, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y!, 'base64url'),
    ])
    const id = Buffer.from(this.id, 'base64url')
    const length = Buffer.of(id.length >> 8, id.length & 0xff)
    const authData = this.#authData(0x40, Buffer.concat([Buffer.alloc(16), length, id, cose]))
    const attestation = encode({ fmt: 'none', attStmt: {}, authData: new Uint8Array(authData) })
    return this.#answer({
      clientDataJSON: this.#clientData('webauthn.create', challenge).toString('base64url'),
      attestationObject: Buffer.from(attestation).toString('base64url'),
    })
  }

  authenticate({ challenge }: { challenge: string }) {
    const authData = this.#authData(0, Buffer.alloc(0))
    const clientData = this.#clientData('webauthn.get', challenge)
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
    return this.#answer({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, this.#key.privateKey).toString('base64url'),
    })
  }

  #answer(response: object) {
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, response }
  }

  #clientData(type: string, challenge: string): Buffer {
    const { origin } = this.#terms
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  }

  #authData(flags: number, rest: Buffer): Buffer {
    const { origin, verified = true } = this.#terms
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const rp = createHash('sha256').update(new URL(origin).hostname).digest()
    return Buffer.concat([rp, Buffer.of(flags | 1 | (verified ? 4 : 0)), counter, rest])
  }
}
