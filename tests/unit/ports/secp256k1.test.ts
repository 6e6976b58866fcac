import { Secp256k1Keypair, verifySignature } from '@atproto/crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsCurve, newSigningKey, signingKey, wasmCurve } from '#src/ports/secp256k1.ts'

const privateKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
  bytes[0] = (bytes[0] ?? 0) & 0x7f // inside the group
  bytes[31] = (bytes[31] ?? 0) | 1 // not zero
  return bytes
})
const [wasm, js] = await Promise.all([wasmCurve(), jsCurve()])

describe('signing keys', () => {
  it('signing keys have the same DID and signature in wasm, JavaScript and @atproto/crypto', async () => {
    await fc.assert(
      fc.asyncProperty(privateKey, fc.uint8Array({ maxLength: 300 }), async (secret, message) => {
        const reference = await Secp256k1Keypair.import(secret)
        const expected = await reference.sign(message)
        for (const curve of [wasm, js]) {
          const key = signingKey(secret, curve)
          expect(key.did()).toBe(reference.did())
          expect(Buffer.from(key.sign(message)).equals(expected)).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('signatures are verified by @atproto/crypto, and only for their message', async () => {
    const { key } = newSigningKey()
    const message = Buffer.from('a commit')
    expect(await verifySignature(key.did(), message, key.sign(message))).toBe(true)
    expect(await verifySignature(key.did(), Buffer.from('another'), key.sign(message))).toBe(false)
  })

  it('a signing key can be loaded from its private key', () => {
    const { privateKey, key } = newSigningKey()
    expect(signingKey(privateKey).did()).toBe(key.did())
    expect(newSigningKey().key.did()).not.toBe(key.did())
  })

  it.each([
    ['zero', new Uint8Array(32)],
    ['outside the group', new Uint8Array(32).fill(0xff)],
    ['short', new Uint8Array(31).fill(1)],
  ])('a private key that is %s is rejected', (_, secret) => {
    expect(() => signingKey(secret, wasm)).toThrow('not a secp256k1 private key')
    expect(() => signingKey(secret, js)).toThrow('not a secp256k1 private key')
  })

  it('a signing key does not change if its input bytes change later', () => {
    const { privateKey, key } = newSigningKey()
    const copy = Uint8Array.from(privateKey)
    const other = signingKey(copy)
    copy.fill(1)
    expect(other.did()).toBe(key.did())
  })
})
