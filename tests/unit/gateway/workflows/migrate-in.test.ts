/** createAccount for an existing DID: who may, with which key, and what a crash leaves. */
import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount } from '#src/directory/accounts.ts'
import { createAccount } from '#src/gateway/workflows/create-account.ts'
import { migrateIn, reserveSigningKey } from '#src/gateway/workflows/migrate-in.ts'
import { AccountCreationFixture } from '#tests/support/account-creation-fixture.ts'
import { keys } from '#tests/support/empty-account.ts'

const did = 'did:web:alice.example.com'
const input = { did, handle: 'alice.test', email: 'alice@example.com', password: 'hunter2' }

let fixture: AccountCreationFixture
/** The key in the DID document. */
let named: string | undefined
beforeEach(() => {
  fixture = new AccountCreationFixture()
  named = undefined
})

function ports(overrides: { inviteRequired?: boolean } = {}) {
  const document = async () => ({
    id: did,
    ...(named && {
      verificationMethod: [
        {
          ...{ id: '#atproto', type: 'Multikey', controller: did },
          publicKeyMultibase: named.slice('did:key:'.length),
        },
      ],
    }),
  })
  return {
    ...fixture.ports(overrides),
    dispatch: fixture.dispatch(),
    resolver: { resolve: document, refresh: document },
    handles: {
      resolve: async (handle: string) => (handle === 'alice.example.com' ? did : undefined),
    },
  }
}

const keyOf = async (of = did) => (await (await fixture.account(of)).profile.get()).signingKeyDid
const reserve = async (of?: string) => {
  const { signingKey } = await reserveSigningKey({ ...ports(), keys }, of ? { did: of } : {})
  return signingKey
}

describe('an account that migrates in', () => {
  it('an account that migrates in is deactivated, and emits no events', async () => {
    await migrateIn(ports(), input, did)
    expect(await fixture.states()).toEqual({ [did]: 'deactivated' })
    expect(await fixture.deliveredKinds(did)).toEqual([])
    expect(fixture.activeDids()).toEqual([])
    const row = await (await fixture.account(did)).profile.get()
    expect(row.deleteAfter).toBe('2026-01-04T00:00:00.000Z')
  })

  it('an account that migrates in may have a domain that resolves to its DID as its handle', async () => {
    const claim = (handle: string) => migrateIn(ports(), { ...input, handle }, did)
    await expect(claim('bob.example.com')).rejects.toMatchObject({
      status: 400,
      message: 'External handle did not resolve to DID',
    })
    expect(await claim('alice.example.com')).toMatchObject({ handle: 'alice.example.com' })
  })

  it('an account that migrates in may have no password', async () => {
    const { password: _, ...rest } = input
    await migrateIn(ports(), rest, did)
    expect((await (await fixture.account(did)).profile.get()).passwordHash).toBeNull()
  })

  it.each([undefined, 'did:web:bob.example.com', `${did}#atproto_labeler`])(
    'an account does not migrate in with the token issuer %s',
    async (requester) => {
      await expect(migrateIn(ports(), input, requester)).rejects.toMatchObject({
        status: 401,
        error: 'AuthenticationRequired',
        message: `Missing auth to create account with did: ${did}`,
      })
      expect(await findAccount(fixture.directory, { identifier: did })).toBeNull()
    },
  )

  it.each([
    [{ plcOp: {} }, 'InvalidRequest'],
    [{ password: 'x'.repeat(257) }, 'InvalidRequest'],
    [{ email: 'nonsense' }, 'InvalidRequest'],
    [{ handle: 'a.test' }, 'InvalidHandle'],
  ])('an account does not migrate in with %j', async (change, error) => {
    const attempt = migrateIn(ports(), { ...input, ...change }, did)
    await expect(attempt).rejects.toMatchObject({ status: 400, error })
  })

  it('an account that migrates in needs an invite code if other accounts do', async () => {
    const attempt = migrateIn(ports({ inviteRequired: true }), input, did)
    await expect(attempt).rejects.toMatchObject({ error: 'InvalidInviteCode' })
  })

  it('an account does not migrate in twice, nor under a name that is taken', async () => {
    await createAccount(fixture.ports(), { ...input, email: 'bob@example.com' })
    await expect(migrateIn(ports(), input, did)).rejects.toThrow('Handle already taken: alice.test')
    const other = { ...input, handle: 'alice.example.com' }
    const attempts = [0, 1].map(() => migrateIn(ports(), other, did))
    const outcomes = await Promise.allSettled(attempts)
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(migrateIn(ports(), other, did)).rejects.toThrow('Repo already exists')
  })

  it('an account migrates in wholly or not at all, wherever a process crashes', async () => {
    await migrateIn(ports(), input, did)
    const steps = fixture.calls.length
    for (const crash of [true, false]) {
      for (let at = 1; at <= steps; at++) {
        for (const when of ['before', 'after'] as const) {
          fixture = new AccountCreationFixture()
          fixture.fault = { at, when, crash }
          const created = await migrateIn(ports(), input, did).then(
            () => true,
            () => false,
          )
          fixture.restart()
          await fixture.sendReminders()
          const found = await findAccount(fixture.directory, { identifier: did })
          if (created) expect(found).toMatchObject({ did, status: 'deactivated' })
          if (found === null) {
            fixture.clock.time += 5 * 60_000
            await migrateIn(ports(), input, did)
          }
          expect((await (await fixture.account(did)).profile.get()).status).toBe('deactivated')
        }
      }
    }
  })
})

describe('a reserved signing key', () => {
  it('reserveSigningKey returns the same key for the same DID, and the account gets it once', async () => {
    const key = await reserve(did)
    expect(await reserve(did)).toBe(key)
    expect(await reserve('did:web:bob.example.com')).not.toBe(key)
    await migrateIn(ports(), input, did)
    expect(await keyOf()).toBe(key)
    expect(await (await fixture.account(did)).signer()).toHaveProperty('did')
    expect(await reserve(did)).not.toBe(key)
  })

  it('a signing key may be reserved without a DID, and put into the DID document', async () => {
    named = await reserve()
    expect(await reserve()).not.toBe(named)
    await migrateIn(ports(), input, did)
    expect(await keyOf()).toBe(named)
  })

  it('a reserved signing key is stored sealed', async () => {
    await reserve(did)
    const row = await fixture.directory.sql.first<{ signing_key: Uint8Array }>(
      'SELECT signing_key FROM reserved_key',
    )
    expect(row!.signing_key.length).toBeGreaterThan(32)
    expect(keys.open(row!.signing_key, did)).toHaveLength(32)
  })

  it('a reserved signing key that no DID document has is not used', async () => {
    const key = await reserve()
    await migrateIn(ports(), input, did)
    expect(await keyOf()).not.toBe(key)
  })
})
