import { AtpAgent } from '@atproto/api'
import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ResolvableServer, startResolvableServer } from '#tests/support/resolvable-server.ts'
import { adminPassword, createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

let network: ResolvableServer
let alice: TestAccount
let operatorsKey: string
beforeAll(async () => {
  operatorsKey = (await Secp256k1Keypair.create()).did()
  network = await startResolvableServer({ env: { PDS_RECOVERY_DID_KEY: operatorsKey } })
  alice = await createTestAccount(network.server, 'alice')
})
afterAll(() => network.server.remove())

/** A createAccount that succeeds unless `input` changes that. */
function create(input: Record<string, unknown>) {
  const body = { handle: 'bob.test', email: 'bob@example.com', password: 'secret', ...input }
  return call(network.server, 'server.createAccount', { body })
}

describe('createAccount', () => {
  it('createAccount creates a did:plc whose document has the handle, the key and the server', async () => {
    const { did, handle } = alice
    expect(did).toMatch(/^did:plc:[a-z2-7]{24}$/)
    expect(await network.resolver.did.resolveAtprotoData(did)).toMatchObject({
      did,
      handle,
      pds: network.server.url,
      signingKey: expect.stringMatching(/^did:key:zQ3s/),
    })
    expect(await network.resolver.handle.resolve(handle)).toBe(did)
  })

  it("the recovery key of a user, and then the operator's, can overrule the server's rotation key", async () => {
    const recoveryKey = (await P256Keypair.create()).did()
    const answer = await create({ handle: 'rescued.test', email: 'r@example.com', recoveryKey })
    const { did } = answer.body as { did: string }
    const data = await fetch(`${network.plcUrl}/${did}/data`).then((response) => response.json())
    const { rotationKeys } = data as { rotationKeys: string[] }
    expect(rotationKeys).toEqual([
      recoveryKey,
      operatorsKey,
      expect.stringMatching(/^did:key:zQ3s/),
    ])
    expect(new Set(rotationKeys).size).toBe(3)
  })

  it.each([
    ['without an email', { email: undefined }, 'InvalidRequest'],
    ['with an invalid email', { email: 'bob' }, 'InvalidRequest'],
    ['without a handle', { handle: undefined }, 'InvalidRequest'],
    ['with an invalid handle', { handle: 'b_b.test' }, 'InvalidRequest'],
    ['with a handle of two letters', { handle: 'bo.test' }, 'InvalidHandle'],
    ['with a handle of 19 letters', { handle: `${'b'.repeat(19)}.test` }, 'InvalidHandle'],
    ['with a handle below another', { handle: 'bob.alice.test' }, 'InvalidHandle'],
    ['with a handle of a forbidden top level', { handle: 'bob.local' }, 'InvalidHandle'],
    ['with a handle of another domain', { handle: 'bob.example.com' }, 'UnsupportedDomain'],
    ['with a reserved handle', { handle: 'admin.test' }, 'HandleNotAvailable'],
    ['with a password of 257 letters', { password: 'x'.repeat(257) }, 'InvalidRequest'],
    ['with an invalid recovery key', { recoveryKey: 'did:key:x' }, 'InvalidRequest'],
    ['with a PLC operation', { plcOp: {} }, 'InvalidRequest'],
  ])('createAccount rejects %s', async (_, input, error) => {
    expect(await statusAndError(create(input))).toEqual([400, error])
  })

  it('createAccount by the admin still requires the agreement of the owner of an existing DID', async () => {
    const body = { handle: 'bob.test', email: 'b@example.com', password: 'x', did: alice.did }
    const token = Buffer.from(`admin:${adminPassword}`).toString('base64')
    const headers = { authorization: `Basic ${token}` }
    const answer = call(network.server, 'server.createAccount', { body, headers })
    expect(await statusAndError(answer)).toEqual([401, 'AuthenticationRequired'])
  })

  it.each([
    ['handle', { handle: 'alice.test' }, 'Handle already taken: alice.test'],
    ['handle in capitals', { handle: 'ALICE.Test' }, 'Handle already taken: alice.test'],
    ['email in capitals', { email: 'Alice@EXAMPLE.com' }, 'Email already taken: Alice@EXAMPLE.com'],
  ])('createAccount rejects a taken %s', async (_, input, message) => {
    const taken = { status: 400, error: 'InvalidRequest', message }
    expect(await create(input)).toMatchObject(taken)
  })

  it('rejected createAccount calls create nothing', async () => {
    const resolved = call(network.server, 'identity.resolveHandle', {
      query: { handle: 'bob.test' },
    })
    expect(await statusAndError(resolved)).toEqual([400, 'HandleNotFound'])
  })

  it('createAccount gives a handle, and an email, to one of several concurrent callers', async () => {
    const others = Array.from({ length: 4 }, (_, i) =>
      create({ handle: 'wanted.test', email: `w${i}@example.com` }),
    )
    const mails = Array.from({ length: 4 }, (_, i) =>
      create({ handle: `mail${i}.test`, email: 'wanted@example.com' }),
    )
    for (const answers of [await Promise.all(others), await Promise.all(mails)]) {
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
    }
  })
})

describe('describeServer', () => {
  it('describeServer returns what applications need', async () => {
    const { data } = await new AtpAgent({
      service: network.server.url,
    }).com.atproto.server.describeServer()
    expect(data).toMatchObject({
      did: 'did:web:localhost',
      availableUserDomains: ['.test'],
      inviteCodeRequired: false,
      blobUploadLimit: expect.any(Number),
      links: {},
      contact: {},
    })
  })
})

describe('resolveHandle', () => {
  const resolve = (handle: string) =>
    call(network.server, 'identity.resolveHandle', { query: { handle } })

  it('resolveHandle finds an account in any case', async () => {
    expect(await resolve('ALICE.test')).toMatchObject({ status: 200, body: { did: alice.did } })
  })

  it.each([
    ['nobody.test', 'HandleNotFound'],
    ['somebody.invalid', 'InvalidRequest'],
    ['not a handle', 'InvalidRequest'],
    ['', 'InvalidRequest'],
  ])('resolveHandle does not find %s', async (handle, error) => {
    expect(await statusAndError(resolve(handle))).toEqual([400, error])
  })
})
