/** Encrypts secrets at rest with AES-256-GCM, under one key from the configuration. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

export interface Keychain {
  /** Only the same `context`, usually the DID that the secret belongs to, opens it. */
  seal(secret: Uint8Array, context: string): Uint8Array
  /** Throws if the secret was modified, or sealed with another context or key. */
  open(sealed: Uint8Array, context: string): Uint8Array
}

const algorithm = 'aes-256-gcm'
const keyLength = 32
const nonceLength = 12
const tagLength = 16
// First byte of every sealed secret, so that the format can change.
const version = 1

/** `key` has 32 bytes. A sealed secret is version, nonce, tag, ciphertext. */
export function createKeychain(key: Uint8Array): Keychain {
  if (key.length !== keyLength) throw new Error(`a keychain needs a key of ${keyLength} bytes`)
  return {
    seal(secret, context) {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength })
      cipher.setAAD(Buffer.from(context))
      const text = Buffer.concat([cipher.update(secret), cipher.final()])
      const head = Buffer.of(version, ...nonce, ...cipher.getAuthTag())
      return new Uint8Array(Buffer.concat([head, text]))
    },
    open(sealed, context) {
      if (sealed[0] !== version) throw new Error('not a sealed secret')
      const nonce = sealed.subarray(1, 1 + nonceLength)
      const tag = sealed.subarray(1 + nonceLength, 1 + nonceLength + tagLength)
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagLength })
      decipher.setAAD(Buffer.from(context))
      decipher.setAuthTag(tag)
      const text = sealed.subarray(1 + nonceLength + tagLength)
      try {
        return new Uint8Array(Buffer.concat([decipher.update(text), decipher.final()]))
      } catch (cause) {
        const reason = 'it is damaged, or was sealed with another PDS_KEY_ENCRYPTION_KEY_HEX'
        throw new Error(`a secret of ${context} cannot be opened: ${reason}`, { cause })
      }
    },
  }
}
