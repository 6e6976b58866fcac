import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount } from '#src/directory/accounts.ts'
import { createInviteCodes } from '#src/directory/invites.ts'
import { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
import {
  confirmAccount,
  type Reservation,
  releaseReservation,
  reserveAccount,
} from '#src/directory/reservations.ts'
import {
  addInviteCode,
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const fiveMinutes = 5 * 60_000
const alice = { did: 'did:plc:alice', handle: 'alice.test', email: 'alice@example.com', ...newKey }
const bob = { did: 'did:plc:bob', handle: 'bob.test', email: 'bob@example.com', ...newKey }
const names = [alice.did, alice.handle, alice.email]
let directory: TestDirectory

beforeEach(() => {
  directory = testDirectory()
})

async function settle(work: Promise<unknown>[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(work)
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : outcome.reason.message))
}

const findAlice = () => findAccount(directory, { identifier: 'alice.test' })

describe('reserve and confirm', () => {
  it('an account is known only after confirm', async () => {
    await reserveAccount(directory, alice)
    for (const identifier of names) {
      expect(await findAccount(directory, { identifier })).toBeNull()
    }
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    for (const identifier of names) {
      expect(await findAccount(directory, { identifier })).toEqual({
        did: alice.did,
        handle: alice.handle,
        status: 'active',
      })
    }
  })

  it('reserve and confirm can be repeated', async () => {
    for (let i = 0; i < 2; i++) await reserveAccount(directory, alice)
    for (let i = 0; i < 2; i++) await confirmAccount(directory, { did: alice.did, ...confirmation })
    const before = directory.sql.batches
    await reserveAccount(directory, alice)
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    expect(directory.sql.batches).toBe(before)
    expect(await findAlice()).toMatchObject({ did: alice.did })
  })

  it('a repeated confirm does not claim a reminder that was removed', async () => {
    await reserveAccount(directory, alice)
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    await removeReminders(directory, { dids: [alice.did] })
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    await addReminder(directory, { did: alice.did })
    expect(await listReminders(directory, { after: '', limit: 10 })).toEqual([alice.did])
  })

  it('reserve gives each handle and email to one account, reserved or confirmed', async () => {
    await reserveAccount(directory, alice)
    const sameHandle = { ...bob, handle: alice.handle }
    const sameEmail = { ...bob, email: 'Alice@Example.com' }
    for (let i = 0; i < 2; i++) {
      await expect(reserveAccount(directory, sameHandle)).rejects.toMatchObject({
        status: 400,
        error: 'InvalidRequest',
        message: 'Handle already taken: alice.test',
      })
      await expect(reserveAccount(directory, sameEmail)).rejects.toMatchObject({
        status: 400,
        error: 'InvalidRequest',
        message: 'Email already taken: Alice@Example.com',
      })
      await confirmAccount(directory, { did: alice.did, ...confirmation })
    }
  })

  it('reserve gives a handle to one of many concurrent requests', async () => {
    const many = Array.from({ length: 10 }, (_, i) => ({ ...alice, did: `did:plc:${i}` }))
    const handles = await settle(many.map((one) => reserveAccount(directory, one)))
    expect(handles.filter((outcome) => outcome === 'ok')).toHaveLength(1)
    const emails = await settle(
      many.map((one, i) =>
        reserveAccount(directory, { ...one, handle: `bob${i}.test`, email: 'b@c.de' }),
      ),
    )
    expect(emails.filter((outcome) => outcome === 'ok')).toHaveLength(1)
    expect(new Set(emails)).toContain('Email already taken: b@c.de')
  })

  it('unrelated reservations share a transaction', async () => {
    const many = Array.from({ length: 20 }, (_, i) => ({
      did: `did:plc:${i}`,
      handle: `h${i}.test`,
      email: `h${i}@example.com`,
      ...newKey,
    }))
    expect(new Set(await settle(many.map((one) => reserveAccount(directory, one))))).toEqual(
      new Set(['ok']),
    )
    await settle(many.map(({ did }) => confirmAccount(directory, { did, ...confirmation })))
    expect(directory.sql.batches).toBeLessThanOrEqual(4)
    for (const { did } of many)
      expect(await findAccount(directory, { identifier: did })).toMatchObject({ did })
  })

  it('reserve rejects a confirmed DID under other names', async () => {
    await reserveAccount(directory, alice)
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    await expect(reserveAccount(directory, { ...bob, did: alice.did })).rejects.toMatchObject({
      status: 400,
    })
  })

  it('reserve lets the same DID choose other names before it is confirmed', async () => {
    await reserveAccount(directory, alice)
    await reserveAccount(directory, { ...bob, did: alice.did })
    await reserveAccount(directory, { ...alice, did: bob.did })
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    expect(await findAccount(directory, { identifier: 'bob.test' })).toMatchObject({
      did: alice.did,
    })
  })
})

describe('an expired reservation', () => {
  it('an expired reservation does not count, and the next one deletes it', async () => {
    await reserveAccount(directory, alice)
    directory.clock.time += fiveMinutes - 1
    await expect(reserveAccount(directory, { ...alice, did: bob.did })).rejects.toThrow('taken')
    directory.clock.time += 1
    await reserveAccount(directory, { ...alice, did: bob.did })
    await expect(
      confirmAccount(directory, { did: alice.did, ...confirmation }),
    ).rejects.toMatchObject({
      status: 400,
    })
    await confirmAccount(directory, { did: bob.did, ...confirmation })
    expect(await findAlice()).toMatchObject({ did: bob.did })
    expect(await directory.sql.all('SELECT did FROM account')).toEqual([{ did: bob.did }])
  })

  it('an expired reservation cannot be confirmed', async () => {
    await reserveAccount(directory, alice)
    directory.clock.time += fiveMinutes - 1
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    await reserveAccount(directory, bob)
    directory.clock.time += fiveMinutes
    // In one transaction with a sweep, in either order.
    const late = [
      confirmAccount(directory, { did: bob.did, ...confirmation }),
      reserveAccount(directory, { ...bob, did: 'did:x' }),
    ]
    expect(await settle([releaseReservation(directory, { did: 'did:y' }), ...late])).toEqual([
      'ok',
      'The reservation has expired, please try again',
      'ok',
    ])
    expect(await findAlice()).toMatchObject({ did: alice.did })
  })

  it('an expired reservation can be renewed', async () => {
    await reserveAccount(directory, alice)
    directory.clock.time += fiveMinutes - 1
    await reserveAccount(directory, alice)
    directory.clock.time += fiveMinutes - 1
    await expect(reserveAccount(directory, { ...alice, did: bob.did })).rejects.toThrow('taken')
  })
})

describe('release', () => {
  it('release frees the names, and can be repeated', async () => {
    await reserveAccount(directory, alice)
    for (let i = 0; i < 2; i++) {
      expect(await releaseReservation(directory, { did: alice.did })).toEqual({ released: true })
    }
    await reserveAccount(directory, { ...alice, did: bob.did })
  })

  it('release leaves a confirmed account as it is, and returns that it is confirmed', async () => {
    await reserveAccount(directory, alice)
    await confirmAccount(directory, { did: alice.did, ...confirmation })
    expect(await releaseReservation(directory, { did: alice.did })).toEqual({ released: false })
    expect(await findAlice()).toMatchObject({ did: alice.did })
  })
})

describe('invite codes', () => {
  const invited = (inviteCode: string, n: number): Reservation => ({
    did: `did:plc:${n}`,
    handle: `h${n}.test`,
    email: `h${n}@example.com`,
    ...newKey,
    inviteCode,
  })
  const newCode = (useCount: number, forAccount = 'admin') =>
    addInviteCode(directory, { useCount, forAccount })
  const unavailable = { status: 400, error: 'InvalidInviteCode' }

  it('a repeated creation stores each code once', async () => {
    const codes = [{ account: 'admin', codes: [await newCode(2)] }]
    await createInviteCodes(directory, { useCount: 9, codes })
    const stored = await directory.sql.all('SELECT available_uses AS uses FROM invite_code')
    expect(stored).toEqual([{ uses: 2 }])
  })

  it('an invite code is accepted as often as its use count says, also concurrently', async () => {
    const code = await newCode(3)
    const tries = Array.from({ length: 8 }, (_, n) => reserveAccount(directory, invited(code, n)))
    const outcomes = await settle(tries)
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(3)
    await expect(reserveAccount(directory, invited(code, 9))).rejects.toMatchObject(unavailable)
  })

  it('an account uses an invite code once, however often it reserves', async () => {
    const code = await newCode(1)
    for (let i = 0; i < 3; i++) await reserveAccount(directory, invited(code, 1))
  })

  it('a use of an invite code is freed by release and by expiry', async () => {
    const code = await newCode(1)
    await reserveAccount(directory, invited(code, 1))
    await releaseReservation(directory, { did: 'did:plc:1' })
    await reserveAccount(directory, invited(code, 2))
    directory.clock.time += fiveMinutes
    await reserveAccount(directory, invited(code, 3))
    await confirmAccount(directory, { did: 'did:plc:3', ...confirmation })
    directory.clock.time += fiveMinutes
    await expect(reserveAccount(directory, invited(code, 4))).rejects.toMatchObject(unavailable)
  })

  it('reserve rejects invite codes that are unknown, disabled or of an account that is taken down', async () => {
    await expect(reserveAccount(directory, invited('made-up', 1))).rejects.toMatchObject(
      unavailable,
    )
    const code = await newCode(5)
    await directory.sql.batch([{ sql: 'UPDATE invite_code SET disabled = 1' }])
    await expect(reserveAccount(directory, invited(code, 1))).rejects.toMatchObject(unavailable)
    await reserveAccount(directory, alice)
    const own = await newCode(5, alice.did)
    await reserveAccount(directory, invited(own, 1))
    await directory.sql.batch([{ sql: `UPDATE account SET status = 'takendown'` }])
    await expect(reserveAccount(directory, invited(own, 2))).rejects.toMatchObject(unavailable)
  })
})

describe('any order of calls', () => {
  const accounts = [
    alice,
    bob,
    { ...newKey, did: 'did:plc:carol', handle: 'carol.test', email: 'c@example.com' },
  ]
  const step = fc.record({
    verb: fc.constantFrom('reserve', 'confirm', 'release', 'wait'),
    who: fc.nat(2),
    handle: fc.nat(2),
    email: fc.nat(2),
  })

  it('no two accounts share a name and confirmed accounts stay, in any order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, together) => {
        const own = testDirectory()
        const confirmed = new Set<string>()
        const run = async ({ verb, who, handle, email }: (typeof steps)[number]) => {
          const { did } = accounts[who]!
          if (verb === 'wait') own.clock.time += fiveMinutes / 2
          else if (verb === 'confirm')
            await confirmAccount(own, { did, ...confirmation }).then(() => confirmed.add(did))
          else if (verb === 'release') await releaseReservation(own, { did })
          else {
            const names = { handle: accounts[handle]!.handle, email: accounts[email]!.email }
            await reserveAccount(own, { did, ...names, ...newKey })
          }
        }
        const quietly = (one: (typeof steps)[number]) =>
          run(one).catch((error) => expect(error).toMatchObject({ status: 400 }))
        if (together) await Promise.all(steps.map(quietly))
        else for (const one of steps) await quietly(one)
        for (const did of confirmed)
          expect(await findAccount(own, { identifier: did })).toMatchObject({ did })
      }),
      { numRuns: 100 },
    )
  })
})
