import { Secp256k1Keypair } from '@atproto/crypto'
import {
  atprotoOp,
  createOp,
  didForCreateOp,
  type Operation,
  tombstoneOp,
  updateHandleOp,
  updateRotationKeysOp,
} from '@did-plc/lib'
import { CID } from 'multiformats/cid'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { OperationLog } from '#src/plc/operation-log.ts'

type Key = Parameters<typeof createOp>[0]['signer']

let server: Key
let owner: Key
let otherKey: Key
let log: OperationLog
let did: string
let first: Operation

beforeAll(async () => {
  const keys = [1, 2, 3].map(() => Secp256k1Keypair.create())
  ;[server, owner, otherKey] = (await Promise.all(keys)) as unknown as [Key, Key, Key]
  const created = await createOp({
    signingKey: server.did(),
    rotationKeys: [owner.did(), server.did()],
    handle: 'alice.test',
    pds: 'http://localhost:2583',
    signer: server,
  })
  did = created.did
  first = created.op
})

beforeEach(() => {
  log = new OperationLog(':memory:')
})

const lastOf = () => log.list(did).findLast(({ nullified }) => !nullified)!

async function refusal(proposed: unknown, at = did): Promise<string> {
  const before = log.list(at)
  const error = await log.add(at, proposed).then(
    () => undefined,
    (thrown) => thrown,
  )
  expect(error).toBeInstanceOf(XrpcError)
  expect(error.status).toBe(400)
  expect(log.list(at)).toEqual(before)
  return error.message
}

describe('the operation log', () => {
  it('the operation log accepts a genesis operation and later ones, in order', async () => {
    await log.add(did, first)
    const second = await updateHandleOp(first, server, 'bob.test')
    await log.add(did, second)
    expect(log.list(did).map(({ operation }) => operation)).toEqual([first, second])
    expect(second.prev).toBe(log.list(did)[0]!.cid)
  })

  it('the operation log does not know other DIDs', async () => {
    await log.add(did, first)
    expect(log.list('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).toEqual([])
  })

  it('the operation log marks operations as nullified that a higher rotation key overrules', async () => {
    await log.add(did, first)
    await log.add(did, await updateRotationKeysOp(first, server, [server.did()]))
    await log.add(did, await updateHandleOp(first, owner, 'mine.test'))
    expect(log.list(did).map(({ nullified }) => nullified)).toEqual([false, true, false])
  })

  it('the operation log ends with a tombstone', async () => {
    await log.add(did, first)
    await log.add(did, await tombstoneOp(CID.parse(lastOf().cid) as never, server))
    expect(lastOf().operation.type).toBe('plc_tombstone')
    const after = await atprotoOp({
      signingKey: server.did(),
      rotationKeys: [server.did()],
      handle: 'alice.test',
      pds: 'http://localhost:2583',
      prev: CID.parse(lastOf().cid) as never,
      signer: server,
    })
    await refusal(after)
  })

  it('the operation log accepts one of two concurrent operations with the same predecessor', async () => {
    await log.add(did, first)
    const both = await Promise.all(
      ['a.test', 'b.test'].map((handle) => updateHandleOp(first, server, handle)),
    )
    const outcomes = await Promise.allSettled(both.map((operation) => log.add(did, operation)))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(log.list(did)).toHaveLength(2)
  })
})

describe('rejected operations', () => {
  it('the operation log rejects a DID that is not the hash of its genesis operation', async () => {
    expect(await refusal(first, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).toMatch(/hash/i)
  })

  it('the operation log rejects a genesis operation with a forged signature', async () => {
    await refusal({ ...first, alsoKnownAs: ['at://mallory.test'] })
    await refusal({ ...first, sig: 'AAAA' })
    await refusal({ ...first, sig: 'not base64!' })
  })

  it('the operation log rejects a genesis operation with the other signature of the same point', async () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const bytes = Buffer.from(first.sig, 'base64url')
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    const other = Buffer.concat([
      bytes.subarray(0, 32),
      Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
    ])
    const operation = { ...first, sig: other.toString('base64url') }
    expect(await refusal(operation, await didForCreateOp(operation))).toMatch(/signature/i)
  })

  it('the operation log rejects an operation signed with an unknown key', async () => {
    await log.add(did, first)
    expect(await refusal(await updateHandleOp(first, otherKey, 'bob.test'))).toMatch(/signature/i)
  })

  it('the operation log rejects a genesis operation for a DID that exists', async () => {
    await log.add(did, first)
    await refusal(first)
  })

  it('the operation log rejects an operation whose predecessor is unknown', async () => {
    const second = await updateHandleOp(first, server, 'bob.test')
    await refusal(second)
    await log.add(did, first)
    await refusal({ ...second, prev: 'not a cid' })
  })

  it.each([
    ['nothing', undefined],
    ['text', 'hello'],
    ['an unknown type', { type: 'plc_wish', prev: null, sig: '' }],
    ['a legacy genesis operation', { type: 'create', prev: null, sig: '' }],
  ])('the operation log rejects %s', async (_, proposed) => {
    await refusal(proposed)
  })

  it.each<[string, (op: Operation) => Partial<Operation>]>([
    [
      'too many handles',
      () => ({ alsoKnownAs: Array.from({ length: 11 }, (_, i) => `at://a${i}`) }),
    ],
    ['a handle twice', () => ({ alsoKnownAs: ['at://a.test', 'at://a.test'] })],
    ['a handle that is too long', () => ({ alsoKnownAs: [`at://${'a'.repeat(260)}`] })],
    ['too many keys', ({ rotationKeys: [key] }) => ({ rotationKeys: Array(11).fill(key) })],
    [
      'a key that is too long',
      () => ({ verificationMethods: { a: `did:key:${'z'.repeat(300)}` } }),
    ],
    [
      'an id that is too long',
      () => ({ services: { ['s'.repeat(33)]: { type: 't', endpoint: 'e' } } }),
    ],
    [
      'an endpoint that is too long',
      () => ({
        services: { s: { type: 't', endpoint: 'e'.repeat(513) } },
      }),
    ],
  ])('the operation log rejects %s', async (_, change) => {
    expect(await refusal({ ...first, ...change(first) })).toMatch(/too|twice/)
  })
})
