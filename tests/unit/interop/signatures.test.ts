import { Secp256k1Keypair, verifySignature } from '@atproto/crypto'
import { describe, expect, it } from 'vitest'
import { signingKey } from '#src/ports/secp256k1.ts'
import { fixtureCases } from '#tests/support/fixtures.ts'

interface Signature {
  comment: string
  messageBase64: string
  publicKeyDid: string
  signatureBase64: string
  validSignature: boolean
}

interface DidKey {
  privateKeyBytesHex: string
  publicDidKey: string
}

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

describe('signatures', () => {
  const cases = fixtureCases<Signature>('crypto/signature-fixtures.json')

  it.each(cases)(
    '$comment',
    async ({ publicKeyDid, messageBase64, signatureBase64, ...expected }) => {
      const valid = verifySignature(publicKeyDid, bytes(messageBase64), bytes(signatureBase64))
      await expect(valid.catch(() => false)).resolves.toBe(expected.validSignature)
    },
  )
})

describe('signing keys', () => {
  const cases = fixtureCases<DidKey>('crypto/w3c_didkey_K256.json')
  const message = bytes('oWVoZWxsb2V3b3JsZA')

  it.each(cases)('$publicDidKey', async ({ privateKeyBytesHex, publicDidKey }) => {
    const key = signingKey(Buffer.from(privateKeyBytesHex, 'hex'))
    expect(key.did()).toBe(publicDidKey)
    const signature = key.sign(message)
    await expect(verifySignature(publicDidKey, message, signature)).resolves.toBe(true)
    const keypair = await Secp256k1Keypair.import(privateKeyBytesHex)
    expect(signature).toEqual(await keypair.sign(message))
  })
})
