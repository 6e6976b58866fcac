/** What a DID document says of keys and services, in every form in which it may say it. */
import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { describe, expect, it } from 'vitest'
import {
  claimedHandle,
  type DidDocument,
  serviceEndpoint,
  verificationKey,
} from '#src/protocol/did-document.ts'
import { fixtureCases } from '#tests/support/fixtures.ts'

const id = 'did:web:example.com'
const multibase = (didKey: string) => didKey.replace('did:key:', '')
const keyed = (method: { id: string; type: string; publicKeyMultibase?: string }): DidDocument => ({
  id,
  verificationMethod: [{ controller: id, ...method }],
})

interface OldKey {
  didDocSuite: string
  publicKeyDid: string
  publicKeyMultibase: string
}

describe('a key', () => {
  it('is found by its fragment or its whole id', async () => {
    const k256 = (await Secp256k1Keypair.create()).did()
    const p256 = (await P256Keypair.create()).did()
    for (const key of [k256, p256]) {
      for (const name of ['#atproto', `${id}#atproto`]) {
        const document = keyed({ id: name, type: 'Multikey', publicKeyMultibase: multibase(key) })
        expect(verificationKey(document, 'atproto')).toBe(key)
        expect(verificationKey(document, 'atproto_label')).toBeUndefined()
      }
    }
  })

  it.each(
    fixtureCases<OldKey>('crypto/signature-fixtures.json').map(
      (key) => [key.didDocSuite, key] as const,
    ),
  )('verificationKey reads a key of the old form %s', (type, { publicKeyDid, ...key }) => {
    const document = keyed({ id: '#atproto', type, publicKeyMultibase: key.publicKeyMultibase })
    expect(verificationKey(document, 'atproto')).toBe(publicKeyDid)
  })

  it('verificationKey reads a key of the old form that is not compressed', () => {
    // From the DID key test vectors of atproto.
    const k256 = keyed({
      id: '#atproto',
      type: 'EcdsaSecp256k1VerificationKey2019',
      publicKeyMultibase:
        'zQYEBzXeuTM9UR3rfvNag6L3RNAs5pQZyYPsomTsgQhsxLdEgCrPTLgFna8yqCnxPpNT7DBk6Ym3dgPKNu86vt9GR',
    })
    expect(verificationKey(k256, 'atproto')).toBe(
      'did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF',
    )
  })

  it.each([
    { id },
    { id, verificationMethod: [] },
    keyed({ id: '#atproto', type: 'Multikey' }),
    keyed({ id: '#atproto', type: 'Multikey', publicKeyMultibase: 'znonsense' }),
    keyed({ id: '#atproto', type: 'Ed25519', publicKeyMultibase: 'z6Mk' }),
    keyed({ id: 'did:web:other.example#atproto', type: 'Multikey', publicKeyMultibase: 'z' }),
  ])('is not there in %j', (document) => {
    expect(verificationKey(document, 'atproto')).toBeUndefined()
  })
})

describe('a service', () => {
  const at = (serviceEndpoint: string | Record<string, unknown>, type = 'Some') => ({
    id,
    service: [{ id: '#some', type, serviceEndpoint }],
  })

  it('is found with or without its type', () => {
    const document = at('https://some.example.com')
    expect(serviceEndpoint(document, 'some')).toBe('https://some.example.com')
    expect(serviceEndpoint(document, 'some', 'Some')).toBe('https://some.example.com')
    expect(serviceEndpoint(document, 'some', 'Other')).toBeUndefined()
    expect(serviceEndpoint(document, 'other')).toBeUndefined()
  })

  it.each([{}, '', 'ftp://x', 'file:///etc/passwd', 'https://', '//x'])(
    'does not lead to %j',
    (endpoint) => {
      expect(serviceEndpoint(at(endpoint), 'some')).toBeUndefined()
    },
  )
})

describe('a handle', () => {
  it('claimedHandle returns the first at:// name, and undefined if there is none', () => {
    const document = { id, alsoKnownAs: ['https://x.test', 'at://alice.test', 'at://bob.test'] }
    expect(claimedHandle(document)).toBe('alice.test')
    expect(claimedHandle({ id, alsoKnownAs: ['https://x.test'] })).toBeUndefined()
    expect(claimedHandle({ id })).toBeUndefined()
  })
})
