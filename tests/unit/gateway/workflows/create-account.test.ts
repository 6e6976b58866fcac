import { setTimeout as pause } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { refreshSession } from '#src/account/sessions/sessions.ts'
import { findAccount } from '#src/directory/accounts.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { type CreationDispatch, createAccount } from '#src/gateway/workflows/create-account.ts'
import { type LogInDispatch, logIn } from '#src/gateway/workflows/log-in.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { PlcOperation } from '#src/protocol/plc-operation.ts'
import { AccountCreationFixture, type Fault } from '#tests/support/account-creation-fixture.ts'
import { failing } from '#tests/support/fast-scrypt.ts'
import { addInviteCode } from '#tests/support/test-directory.ts'

const fiveMinutes = 5 * 60_000
const input = { handle: 'Alice.test', email: 'Alice@example.com', password: 'hunter2' }
const credentials = { identifier: 'alice.test', password: 'hunter2' }
/** Not a string: hashing it fails. No lexicon would let it through. */
const unhashable = { length: 7 } as unknown as string
const kinds = ['#identity', '#account', '#commit', '#sync']

/**
 * Holds at any time: every account that exists, or can still be provisioned, is in the directory and has an active DID.
 */
async function expectNobodyHalf(fixture: AccountCreationFixture): Promise<void> {
  const provisioned = Object.keys(await fixture.states())
  const toBeBorn = await fixture.directory.sql.all<{ did: string }>(
    'SELECT did FROM birth WHERE password_hash IS NOT NULL',
  )
  for (const did of [...provisioned, ...toBeBorn.map((initialState) => initialState.did)]) {
    expect(await findAccount(fixture.directory, { identifier: did })).not.toBeNull()
    expect(fixture.activeDids()).toContain(did)
  }
}

describe('createAccount', () => {
  let fixture: AccountCreationFixture
  beforeEach(() => {
    fixture = new AccountCreationFixture()
  })

  it('createAccount makes an account that can be found and logged in to', async () => {
    const created = await createAccount(fixture.ports(), input)
    const { did } = created
    expect(created.handle).toBe('alice.test')
    for (const identifier of ['alice.test', did, 'alice@example.com']) {
      expect(await findAccount(fixture.directory, { identifier })).toMatchObject({ did })
    }
    expect(await fixture.states()).toEqual({ [did]: 'active' })
    expect(await fixture.deliveredKinds(did)).toEqual(kinds)
    expect(decodeJwt(created.accessJwt).sub).toBe(did)
    const tokenId = decodeJwt(created.refreshJwt).jti!
    const account = await fixture.account(did)
    expect(await refreshSession(account, { tokenId })).toMatchObject({ active: true })
    expect(await logIn(fixture.dispatch(), credentials, 0)).toMatchObject({ did })
  })

  it('createAccount publishes the DID under the right keys, after its reservation is durable', async () => {
    const [own, theirs] = [newSigningKey().key.did(), newSigningKey().key.did()]
    const ports = fixture.ports({ recoveryKey: theirs })
    const { did } = await createAccount(ports, { ...input, recoveryKey: own })
    const [op] = fixture.plcLog.get(did) as PlcOperation[]
    expect(op!.rotationKeys).toEqual([own, theirs, ports.rotationKey.did()])
    expect(op!.alsoKnownAs).toEqual(['at://alice.test'])
    const { signingKeyDid } = await (await fixture.account(did)).profile.get()
    expect(op!.verificationMethods).toEqual({ atproto: signingKeyDid })
    expect(fixture.calls).toEqual([
      'reserve',
      'send plc_operation',
      'confirm',
      'wake',
      'find initial state',
      'store',
    ])
  })

  it('createAccount takes two directory transactions, and one of the account after the answer', async () => {
    const { did } = await createAccount(fixture.ports(), input)
    expect(fixture.directory.sql.batches).toBe(2)
    expect((await fixture.account(did)).sql.batches).toBe(1)
  })

  it('createAccount answers without waking the account', async () => {
    const asleep = { add: () => {} }
    const created = await createAccount(fixture.ports({ wakeQueue: asleep }), input)
    expect(fixture.accounts.size).toBe(0)
    const session = await logIn(fixture.dispatch(), credentials, 0)
    expect(session).toMatchObject({ did: created.did, active: true })
    expect(await fixture.deliveredKinds(created.did)).toEqual(kinds)
  })

  it('createAccount stores no secret in plain text', async () => {
    const ports = fixture.ports({ wakeQueue: { add: () => {} } })
    await createAccount(ports, input)
    const [initialState] = await fixture.directory.sql.all<{ password_hash: string }>(
      'SELECT * FROM birth',
    )
    expect(initialState!.password_hash).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)
    expect(JSON.stringify(initialState)).not.toContain(input.password)
  })

  it('createAccount tombstones a DID if hashing the password fails while it is published', async () => {
    const ports = fixture.ports()
    const plc = {
      ...ports.plc,
      sendOperation: async (...args: Parameters<typeof ports.plc.sendOperation>) => {
        failing.failure.reject(new TypeError('no hash'))
        await pause(0)
        return ports.plc.sendOperation(...args)
      },
    }
    const attempt = createAccount({ ...ports, plc }, { ...input, password: failing.password })
    await expect(attempt).rejects.toThrow(TypeError)
    expect(fixture.plcLog.size).toBe(1)
    expect(fixture.activeDids()).toEqual([])
  })

  it('createAccount publishes nothing if hashing the password has failed', async () => {
    const attempt = createAccount(fixture.ports(), { ...input, password: unhashable })
    await expect(attempt).rejects.toThrow(TypeError)
    expect(fixture.plcLog.size).toBe(0)
    await createAccount(fixture.ports(), input)
  })

  it('createAccount lists no rotation key twice', async () => {
    const ports = fixture.ports()
    const recoveryKey = ports.rotationKey.did()
    const { did } = await createAccount({ ...ports, recoveryKey }, { ...input, recoveryKey })
    expect((fixture.plcLog.get(did) as PlcOperation[])[0]!.rotationKeys).toEqual([recoveryKey])
  })

  it('createAccount gives a handle to one of many concurrent callers, and leaves nothing of the others', async () => {
    const tries = Array.from({ length: 6 }, (_, i) =>
      createAccount(fixture.ports(), { ...input, email: `a${i}@example.com` }),
    )
    const outcomes = await Promise.allSettled(tries)
    const made = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(made).toHaveLength(1)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      expect(outcome.reason).toMatchObject({
        status: 400,
        error: 'InvalidRequest',
        message: 'Handle already taken: alice.test',
      })
    }
    expect(fixture.activeDids()).toHaveLength(1)
    expect(Object.keys(await fixture.states())).toHaveLength(1)
  })

  it('concurrent createAccount calls share directory transactions', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `alice${i}`)
    await Promise.all(
      names.map((name) =>
        createAccount(fixture.ports(), {
          ...input,
          handle: `${name}.test`,
          email: `${name}@example.com`,
        }),
      ),
    )
    expect(Object.values(await fixture.states())).toEqual(names.map(() => 'active'))
    expect(fixture.directory.sql.batches).toBeLessThan(2 * names.length)
  })

  it('createAccount requires an invite code if configured, and uses it up', async () => {
    const ports = fixture.ports({ inviteRequired: true })
    const refused = { status: 400, error: 'InvalidInviteCode' }
    await expect(createAccount(ports, input)).rejects.toMatchObject(refused)
    const inviteCode = await addInviteCode(fixture.directory, { useCount: 1 })
    const bob = { handle: 'bob.test', email: 'bob@example.com', password: 'x', inviteCode }
    await expect(createAccount(ports, { ...bob, inviteCode: 'x' })).rejects.toMatchObject(refused)
    await createAccount(ports, { ...input, inviteCode })
    await expect(createAccount(ports, bob)).rejects.toMatchObject(refused)
  })

  it('createAccount frees the names if the PLC directory rejects the operation', async () => {
    const ports = fixture.ports()
    const refusal = new Error('refused')
    const plc = { ...ports.plc, sendOperation: () => Promise.reject(refusal) }
    await expect(createAccount({ ...ports, plc }, input)).rejects.toBe(refusal)
    await expectNobodyHalf(fixture)
    await createAccount(fixture.ports(), input)
  })

  it("the fixture's dispatch has the shape of the real one", () => {
    const creation = (dispatch: Dispatch): CreationDispatch => dispatch
    const login = (dispatch: Dispatch): LogInDispatch => dispatch
    expect([creation, login]).toHaveLength(2)
  })
})

/** One fault at every call, before and after its effect, with and without a crash. */
const steps = ['reserve', 'send', 'confirm', 'wake', 'find initial state', 'store']
const faults: (Fault & { name: string })[] = steps.flatMap((name, i) =>
  (['before', 'after'] as const).flatMap((when) =>
    [false, true].map((crash) => ({ name, at: i + 1, when, crash })),
  ),
)

describe('createAccount with one lost call', () => {
  it.concurrent.each(faults)(
    'createAccount that loses $name $when its effect (crash: $crash) can be retried',
    async (fault) => {
      const fixture = new AccountCreationFixture()
      fixture.fault = fault
      const first = await createAccount(fixture.ports(), input).catch((error: Error) => error)
      await expectNobodyHalf(fixture)
      fixture.restart()
      await expectNobodyHalf(fixture)
      if (fault.crash) fixture.clock.time += fiveMinutes

      const known = await findAccount(fixture.directory, { identifier: 'alice.test' })
      if (known === null) {
        expect(first).toBeInstanceOf(Error)
        // Without a crash the process has undone what it did.
        if (!fault.crash) expect(fixture.activeDids()).toEqual([])
        await createAccount(fixture.ports(), input)
      } else {
        await expect(createAccount(fixture.ports(), input)).rejects.toThrow('Handle already taken')
        await fixture.sendReminders()
        expect(await fixture.deliveredKinds(known.did)).toEqual(kinds)
      }
      if (!(first instanceof Error)) {
        const tokenId = decodeJwt(first.refreshJwt).jti!
        const account = await fixture.account(first.did)
        expect(await refreshSession(account, { tokenId })).toMatchObject({ active: true })
      }

      const session = await logIn(fixture.dispatch(), credentials, 0)
      expect(session).toMatchObject({ handle: 'alice.test', active: true })
      expect(await fixture.deliveredKinds(session.did)).toEqual(kinds)
      await expectNobodyHalf(fixture)
      const active = Object.values(await fixture.states()).filter((status) => status === 'active')
      expect(active).toHaveLength(1)
    },
  )
})

describe('createAccount with one lost response', () => {
  it.concurrent.each([
    [3, 'before'],
    [3, 'after'],
    [6, 'after'],
  ] as const)('of call %i, %s its effect, is not even noticed', async (at, when) => {
    const fixture = new AccountCreationFixture()
    fixture.fault = { at, when, crash: false }
    const { did } = await createAccount(fixture.ports(), input)
    expect(await fixture.states()).toEqual({ [did]: 'active' })
    expect(await fixture.deliveredKinds(did)).toEqual(kinds)
  })
})

describe('createAccount with a lost confirmation', () => {
  it('createAccount succeeds although the response of confirm is lost', async () => {
    const fixture = new AccountCreationFixture()
    const dispatch = fixture.dispatch()
    const { accounts } = dispatch.directory
    const confirm = async (input: Parameters<typeof accounts.confirm>[0]) => {
      await accounts.confirm(input)
      throw new Error('the answer was lost')
    }
    const deaf = { ...dispatch, directory: { accounts: { ...accounts, confirm } } }
    const { did } = await createAccount(fixture.ports({ dispatch: deaf }), input)
    expect(await fixture.states()).toEqual({ [did]: 'active' })
    expect(fixture.activeDids()).toEqual([did])
  })
})

describe('createAccount with a late confirmation', () => {
  it('createAccount tombstones the DID if confirm comes after the reservation expired', async () => {
    const fixture = new AccountCreationFixture()
    const ports = fixture.ports()
    const plc = {
      ...ports.plc,
      sendOperation: async (did: string, op: Parameters<typeof ports.plc.sendOperation>[1]) => {
        await ports.plc.sendOperation(did, op)
        if (op.type === 'plc_operation') fixture.clock.time += fiveMinutes
      },
    }
    await expect(createAccount({ ...ports, plc }, input)).rejects.toThrow('expired')
    expect(fixture.activeDids()).toEqual([])
    await expectNobodyHalf(fixture)
    await createAccount(fixture.ports(), input)
  })
})
