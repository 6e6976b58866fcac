/** A passkey in software: makes one credential, and answers challenges with it as a browser hands the answers on. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { encode } from '@ipld/dag-cbor'

export interface AuthenticatorOptions {
  origin: string
  /** Says that the person was recognized, by a PIN, a finger or a face. */
  verified?: boolean
}

export class Authenticator {
  readonly id = randomBytes(16).toString('base64url')
  readonly #key: { publicKey: KeyObject; privateKey: KeyObject }
  readonly #terms: AuthenticatorOptions
  /** How often it was used; never where it does not count. */
  counter = 0

  constructor(terms: AuthenticatorOptions) {
    this.#terms = terms
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  }

  /** The answer to registration options. */
  register({ challenge }: { challenge: string }) {
    const { x, y } = this.#key.publicKey.export({ format: 'jwk' })
    // A COSE key: its labels are numbers, which this encoder writes for maps only.
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

  /** The answer to assertion options. */
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
