import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount, setState } from '#src/directory/accounts.ts'
import { findInitialState } from '#src/directory/initial-states.ts'
import { addReminder, listReminders, removeReminders } from '#src/directory/reminders.ts'
import { confirmAccount, releaseReservation, reserveAccount } from '#src/directory/reservations.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const fiveMinutes = 5 * 60_000
const names = { handle: 'alice.test', email: 'alice@example.com' }
const did = 'did:plc:alice'
const initialState = { ...names, ...newKey, ...confirmation, status: 'active', deleteAfter: null }
let directory: TestDirectory

beforeEach(() => {
  directory = testDirectory()
})

const stored = () => directory.sql.all<{ did: string }>('SELECT did FROM birth ORDER BY did')
const begin = (of = did) => reserveAccount(directory, { did: of, ...names, ...newKey })
const finish = (of = did) => confirmAccount(directory, { did: of, ...confirmation })

describe('an initial state', () => {
  it('an initial state is complete after confirm, and has its key after reserve', async () => {
    expect(await findInitialState(directory, { did })).toBeNull()
    await begin()
    expect(await findInitialState(directory, { did })).toBeNull()
    const row = await directory.sql.first('SELECT signing_key, signing_key_did FROM birth')
    expect(row).toEqual({
      signing_key: newKey.signingKey,
      signing_key_did: newKey.signingKeyDid,
    })
    await finish()
    expect(await findInitialState(directory, { did })).toEqual(initialState)
    expect(await findInitialState(directory, { did: 'did:plc:bob' })).toBeNull()
  })

  it('an initial state says whose account it is', async () => {
    await begin()
    await finish()
    await directory.sql.batch([{ sql: `UPDATE account SET tenant = 'roomy'` }])
    expect(await findInitialState(directory, { did })).toMatchObject({ tenant: 'roomy' })
  })

  it('an initial state stays as it was confirmed first', async () => {
    await begin()
    await finish()
    await reserveAccount(directory, {
      did,
      ...names,
      signingKey: Uint8Array.of(9),
      signingKeyDid: 'x',
    })
    await confirmAccount(directory, { did, ...confirmation, passwordHash: 'x', tokenId: 'x' })
    expect(await findInitialState(directory, { did })).toEqual(initialState)
  })

  it('an initial state has the key of the last reservation', async () => {
    await begin()
    const other = { signingKey: Uint8Array.of(9), signingKeyDid: 'did:key:y' }
    await reserveAccount(directory, { did, ...names, ...other })
    await finish()
    expect(await findInitialState(directory, { did })).toEqual({ ...initialState, ...other })
  })

  it('an initial state is removed with a reservation that is released or expires', async () => {
    await begin()
    await releaseReservation(directory, { did })
    expect(await stored()).toEqual([])
    await begin()
    directory.clock.time += fiveMinutes
    await begin('did:plc:bob')
    expect(await stored()).toEqual([{ did: 'did:plc:bob' }])
  })

  it('an initial state is kept if the release comes after the confirmation', async () => {
    await begin()
    await finish()
    expect(await releaseReservation(directory, { did })).toEqual({ released: false })
    expect(await findInitialState(directory, { did })).toEqual(initialState)
  })

  it('an initial state is removed with the reminder, and the account stays', async () => {
    await begin()
    await finish()
    expect(await listReminders(directory, { after: '', limit: 10 })).toEqual([did])
    for (let i = 0; i < 2; i++) await removeReminders(directory, { dids: [did] })
    expect(await listReminders(directory, { after: '', limit: 10 })).toEqual([])
    expect(await stored()).toEqual([])
    expect(await findAccount(directory, { identifier: did })).toMatchObject({ did })
    await addReminder(directory, { did })
    expect(await findInitialState(directory, { did })).toBeNull()
  })

  it.each(['deleted', 'takendown'])(
    'an account that is %s has no initial state',
    async (status) => {
      await begin()
      await finish()
      await setState(directory, { did, status, deleteAfter: null })
      expect(await findInitialState(directory, { did })).toBeNull()
    },
  )
})
