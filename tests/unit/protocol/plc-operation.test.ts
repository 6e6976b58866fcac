import { assureValidCreationOp, assureValidNextOp, def } from '@did-plc/lib'
import { decode, encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import { claimedHandle, serviceDidDocument } from '#src/protocol/did-document.ts'
import {
  genesisOperation,
  isRotationKey,
  plcDidDocument,
  tombstoneOperation,
} from '#src/protocol/plc-operation.ts'

const { key: rotationKey } = newSigningKey()
const { key: recovery } = newSigningKey()
const { key } = newSigningKey()
const account = {
  handle: 'alice.test',
  pds: 'https://pds.test',
  signingKey: key.did(),
  rotationKeys: [recovery.did(), rotationKey.did()],
}

describe('genesisOperation', () => {
  it('is valid, makes its DID, and stands for the account', async () => {
    const { did, op } = await genesisOperation(account, rotationKey)
    expect(did).toMatch(/^did:plc:[a-z2-7]{24}$/)
    const data = await assureValidCreationOp(did, op)
    expect(data).toEqual({
      did,
      rotationKeys: account.rotationKeys,
      verificationMethods: { atproto: key.did() },
      alsoKnownAs: ['at://alice.test'],
      services: {
        atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: 'https://pds.test' },
      },
    })
    const document = plcDidDocument(data) as never
    expect(document).toMatchObject({ id: did, alsoKnownAs: ['at://alice.test'] })
    expect(claimedHandle(document)).toBe('alice.test')
  })

  it('survives JSON, which is how it travels', async () => {
    const { did, op } = await genesisOperation(account, rotationKey)
    await assureValidCreationOp(did, JSON.parse(JSON.stringify(op)))
  })

  it('makes another DID for another key', async () => {
    const [a, b] = await Promise.all(
      [key, recovery].map((other) =>
        genesisOperation({ ...account, signingKey: other.did() }, rotationKey),
      ),
    )
    expect(a!.did).not.toBe(b!.did)
  })
})

describe('tombstoneOperation', () => {
  it('ends the DID', async () => {
    const { did, op } = await genesisOperation(account, rotationKey)
    const cid = CID.parse(cidForCbor(encode(op)))
    const tombstone = await tombstoneOperation(op, rotationKey)
    expect(def.tombstone.parse(tombstone)).toEqual(tombstone)
    expect(decode(encode(tombstone))).toEqual(tombstone)
    const log = [{ did, operation: op, cid, nullified: false, createdAt: new Date() }]
    const next = await assureValidNextOp(did, log as never, tombstone)
    expect(next.nullified).toEqual([])
    expect(next.prev?.toString()).toBe(cid.toString())
  })

  it('is refused from a stranger', async () => {
    const { did, op } = await genesisOperation(account, rotationKey)
    const cid = CID.parse(cidForCbor(encode(op)))
    const log = [{ did, operation: op, cid, nullified: false, createdAt: new Date() }]
    const forged = await tombstoneOperation(op, key)
    await expect(assureValidNextOp(did, log as never, forged)).rejects.toThrow()
  })
})

describe('isRotationKey', () => {
  it('knows did:keys of both curves', () => {
    expect(isRotationKey(key.did())).toBe(true)
    expect(isRotationKey('did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv')).toBe(true)
    for (const text of ['', 'did:key:z', 'did:plc:abc', 'did:key:zQ3sh', `${key.did()}x`, 'x']) {
      expect(isRotationKey(text)).toBe(false)
    }
  })
})

describe('DID documents', () => {
  it('of the service name its endpoint', () => {
    expect(serviceDidDocument('did:web:pds.test', 'https://pds.test')).toEqual({
      '@context': ['https://www.w3.org/ns/did/v1'],
      id: 'did:web:pds.test',
      service: [
        {
          id: 'did:web:pds.test#atproto_pds',
          type: 'AtprotoPersonalDataServer',
          serviceEndpoint: 'https://pds.test',
        },
      ],
    })
  })

  it('may claim no handle', () => {
    for (const alsoKnownAs of [undefined, [], ['https://alice.test'], 'at://alice.test', [7]]) {
      expect(claimedHandle({ id: 'did:plc:a', alsoKnownAs } as never)).toBeUndefined()
    }
  })
})
