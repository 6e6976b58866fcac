/** The DID document that activateAccount requires. */
import { describe, expect, it } from 'vitest'
import { didStatus, isHostedHere, mustPointHere } from '#src/gateway/identity/did-check.ts'
import { activateAccount } from '#src/gateway/workflows/activate.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'

const publicUrl = 'https://pds.example.com'
const signingKey = newSigningKey().key.did()
const other = newSigningKey().key.did()
const rotationKeyDid = newSigningKey().key.did()
const plcDid = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const webDid = 'did:web:alice.example.com'

interface Said {
  rotationKeys?: string[]
  endpoint?: string
  key?: string
}

function ports(said: Said | undefined) {
  const {
    rotationKeys = [other, rotationKeyDid],
    endpoint = publicUrl,
    key = signingKey,
  } = said ?? {}
  const document: DidDocument = {
    id: webDid,
    service: [{ id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: endpoint }],
    verificationMethod: [
      {
        ...{ id: '#atproto', type: 'Multikey', controller: webDid },
        publicKeyMultibase: key.slice('did:key:'.length),
      },
    ],
  }
  const data = {
    did: plcDid,
    rotationKeys,
    alsoKnownAs: [],
    verificationMethods: { atproto: key },
    services: { atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint } },
  }
  const resolve = async () => (said === undefined ? undefined : document)
  return {
    plc: { getDocumentData: async () => (said === undefined ? undefined : data) },
    resolver: { resolve, refresh: resolve },
    credentials: { publicUrl, rotationKeyDid },
  }
}

describe.each([plcDid, webDid])('%s', (did) => {
  it.each<[Said | undefined, string]>([
    [undefined, 'Could not resolve DID'],
    [
      { endpoint: 'https://elsewhere.example.com' },
      'DID document atproto_pds service endpoint does not match PDS public url',
    ],
    [
      { endpoint: `${publicUrl}/` },
      'DID document atproto_pds service endpoint does not match PDS public url',
    ],
    [{ key: other }, 'DID document verification method does not match expected signing key'],
  ])('a DID document with %j is rejected', async (said, message) => {
    const attempt = mustPointHere(ports(said), { did, signingKey })
    await expect(attempt).rejects.toMatchObject({ status: 400, error: 'InvalidRequest', message })
    expect(await didStatus(ports(said), { did, signingKey })).toEqual({
      validDid: false,
      serverCanUpdateDid: said !== undefined && did === plcDid,
    })
  })

  it('a DID document with the right key, handle and service is accepted', async () => {
    expect(await didStatus(ports({}), { did, signingKey })).toEqual({
      validDid: true,
      serverCanUpdateDid: did === plcDid,
    })
    expect(await isHostedHere(ports({}), did)).toBe(true)
    expect(await isHostedHere(ports({ endpoint: 'https://elsewhere.example.com' }), did)).toBe(
      false,
    )
  })
})

it('a did:plc whose owner keeps all rotation keys is accepted, but cannot be updated by this server', async () => {
  const without = ports({ rotationKeys: [other] })
  await mustPointHere(without, { did: plcDid, signingKey })
  const status = { validDid: true, serverCanUpdateDid: false }
  expect(await didStatus(without, { did: plcDid, signingKey })).toEqual(status)
})

describe('activateAccount', () => {
  const activate = async (said: Said, status: string) => {
    const changes: unknown[] = []
    const account = () => ({
      lifecycle: { changeState: async (change: unknown) => void changes.push(change) },
      identity: { getIdentity: async () => ({ signingKeyDid: signingKey, status }) },
    })
    await activateAccount({ ...ports(said), dispatch: { account } }, webDid)
    return changes
  }

  it('activateAccount checks the DID document first', async () => {
    await expect(activate({ key: other }, 'deactivated')).rejects.toThrow('verification method')
    expect(await activate({}, 'deactivated')).toEqual([{ active: true }])
    expect(await activate({}, 'active')).toEqual([{ active: true }])
  })

  it('activateAccount rejects an account that is taken down', async () => {
    await expect(activate({}, 'takendown')).rejects.toMatchObject({ error: 'AccountNotFound' })
  })
})
