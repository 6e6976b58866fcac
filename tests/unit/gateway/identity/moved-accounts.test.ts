import { beforeEach, describe, expect, it } from 'vitest'
import { MovedAccounts } from '#src/gateway/identity/moved-accounts.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { plcDidDocument } from '#src/protocol/plc-operation.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const publicUrl = 'https://pds.example.com'
const elsewhere = 'https://elsewhere.example.com'
const [own, other] = [newSigningKey().key.did(), newSigningKey().key.did()]
const minute = 60_000

describe('an account that writes', () => {
  let now: number
  let published: { endpoint: string; key: string } | undefined
  let requests: string[]
  let failure: Error | undefined
  let status: string
  let accounts: MovedAccounts

  const answer = (how: string) => async () => {
    requests.push(how)
    if (failure !== undefined) throw failure
    return (
      published &&
      plcDidDocument({
        ...{ did, rotationKeys: [], alsoKnownAs: [] },
        verificationMethods: { atproto: published.key },
        services: {
          atproto_pds: { type: 'AtprotoPersonalDataServer', endpoint: published.endpoint },
        },
      })
    )
  }
  const write = () => accounts.mustBeHere(did)
  const writeAndCheck = async () => {
    write()
    await accounts.settled()
  }

  beforeEach(() => {
    now = 0
    requests = []
    failure = undefined
    status = 'active'
    published = { endpoint: publicUrl, key: own }
    accounts = new MovedAccounts({
      dispatch: {
        account: () => ({
          identity: { getIdentity: async () => ({ signingKeyDid: own, status }) },
        }),
      },
      resolver: { resolve: answer('cached'), refresh: answer('fresh') },
      credentials: { publicUrl },
      clock: { now: () => now },
      log: { warn: () => {} } as never,
    })
  })

  it('an account whose DID points here may write, and is looked up once an hour', async () => {
    await writeAndCheck()
    now = 59 * minute
    await writeAndCheck()
    expect(requests).toEqual(['cached'])
    now = 60 * minute
    await writeAndCheck()
    expect(requests).toEqual(['cached', 'cached'])
  })

  it('an account whose DID has moved may not write, until it has moved back', async () => {
    published = { endpoint: elsewhere, key: other }
    await writeAndCheck()
    expect(requests).toEqual(['cached', 'fresh'])
    const refused = expect.objectContaining({
      ...{ status: 400, error: 'InvalidRequest' },
      message: expect.stringContaining(elsewhere),
    })
    expect(write).toThrow(refused)
    await accounts.settled()
    expect(requests).toHaveLength(2)
    published = { endpoint: publicUrl, key: own }
    now = 10_000
    expect(write).toThrow(refused)
    await accounts.settled()
    expect(requests).toEqual(['cached', 'fresh', 'fresh'])
    write()
  })

  it('an account that is about to move here is not taken for one that has moved away', async () => {
    published = { endpoint: elsewhere, key: other }
    status = 'deactivated'
    await writeAndCheck()
    write()
  })

  it('an account that has moved may write as soon as it is activated again', async () => {
    published = { endpoint: elsewhere, key: other }
    await writeAndCheck()
    expect(write).toThrow('has moved')
    published = { endpoint: publicUrl, key: own }
    accounts.forget(did)
    write()
  })

  it('an account with its own key may write if the address of this server has changed', async () => {
    published = { endpoint: elsewhere, key: own }
    await writeAndCheck()
    write()
  })

  it('an account whose DID cannot be resolved may write', async () => {
    published = undefined
    await writeAndCheck()
    failure = new Error('unreachable')
    now = 60 * minute
    await writeAndCheck()
    expect(requests).toEqual(['cached', 'cached'])
    write()
  })
})
