/** Deletion across crashes: in the end nothing is left, every relay got the event, and the names are free. */
import { beforeEach, describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { findAccount, setState } from '#src/directory/accounts.ts'
import { createAccount } from '#src/gateway/workflows/create-account.ts'
import { deleteAccount, deleteDueAccounts } from '#src/gateway/workflows/delete-account.ts'
import { migrateIn } from '#src/gateway/workflows/migrate-in.ts'
import { AccountCreationFixture } from '#tests/support/account-creation-fixture.ts'

const input = { handle: 'alice.test', email: 'alice@example.com', password: 'hunter2' }
const collection = 'com.example.thing'
const publicUrl = 'http://localhost:2583'

let fixture: AccountCreationFixture
/** The service endpoint in the DID document. */
let endpoint = publicUrl
beforeEach(() => {
  fixture = new AccountCreationFixture()
  endpoint = publicUrl
})

function ports() {
  const document = async (did: string) => ({
    id: did,
    service: [{ id: '#atproto_pds', type: 'x', serviceEndpoint: endpoint }],
  })
  return {
    ...fixture.ports(),
    dispatch: fixture.dispatch(),
    resolver: { resolve: document, refresh: document },
    handles: { resolve: async () => undefined },
    credentials: { publicUrl, rotationKeyDid: 'did:key:z' },
    log: { info: () => {}, warn: () => {} },
  }
}

const sweep = () => deleteDueAccounts(ports(), () => false)

async function made(): Promise<string> {
  const { did } = await createAccount(fixture.ports(), input)
  const account = await fixture.account(did)
  await createRecord(account, { collection, rkey: 'one', record: { $type: collection } })
  await fixture.settled()
  fixture.clock.time += 1000
  return did
}

async function expectGone(did: string): Promise<void> {
  for (const identifier of [did, input.handle, input.email]) {
    expect(await findAccount(fixture.directory, { identifier })).toBeNull()
  }
  const { sql } = await fixture.account(did)
  for (const table of ['record', 'record_blob', 'backlink', 'refresh_token', 'credential']) {
    expect(await sql.all(`SELECT * FROM ${table}`)).toEqual([])
  }
  const row = await sql.first<Record<string, unknown>>('SELECT * FROM account')
  expect(row).toMatchObject({ status: 'deleted', handle: null, email: null, password_hash: null })
  const announced = await fixture.deliveredKinds(did)
  expect(announced.filter((kind) => kind === '#account')).toHaveLength(2)
  expect(announced.at(-1)).toBe('#account')
  const last = fixture.accounts.get(did)!.delivered.at(-1)!
  expect(Buffer.from(last.event).toString('latin1')).toContain('deleted')
}

describe('deleteAccount', () => {
  it('deleteAccount leaves nothing, and frees the names', async () => {
    const did = await made()
    await deleteAccount(ports(), did)
    await expectGone(did)
    const again = await createAccount(fixture.ports(), input)
    expect(again.did).not.toBe(did)
    await sweep()
    await expectGoneOnly(did)
  })

  async function expectGoneOnly(did: string): Promise<void> {
    expect(await findAccount(fixture.directory, { identifier: did })).toBeNull()
    expect(await findAccount(fixture.directory, { identifier: input.handle })).not.toBeNull()
  }

  it('deleteAccount can be called twice', async () => {
    const did = await made()
    await Promise.all([deleteAccount(ports(), did), deleteAccount(ports(), did)])
    await deleteAccount(ports(), did)
    await expectGone(did)
  })

  it('deleteAccount is resumed after a crash at any step', async () => {
    const trial = await made()
    const from = fixture.calls.length
    await deleteAccount(ports(), trial)
    const steps = fixture.calls.length - from
    expect(steps).toBeGreaterThan(4)
    for (let at = 1; at <= steps; at++) {
      for (const when of ['before', 'after'] as const) {
        fixture = new AccountCreationFixture()
        const did = await made()
        fixture.fault = { at: fixture.calls.length + at, when, crash: true }
        const isDurable = await deleteAccount(ports(), did).then(
          () => true,
          () => false,
        )
        fixture.restart()
        // A process that starts sends reminders, and looks for accounts that are due for deletion.
        await fixture.sendReminders()
        await (await fixture.account(did)).outbox.settled()
        await sweep()
        const { status } = await (await fixture.account(did)).profile.get()
        if (isDurable || status === 'deleted') await expectGone(did)
        else
          expect(await findAccount(fixture.directory, { identifier: did })).toMatchObject({
            status,
          })
      }
    }
  })
})

describe('an account with deleteAfter', () => {
  const soon = '2026-01-02T00:00:00.000Z'

  it('an account with deleteAfter is deleted when that time has passed, not before', async () => {
    const did = await made()
    await changeState(await fixture.account(did), { active: false, deleteAfter: soon })
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toMatchObject({
      status: 'deactivated',
    })
    fixture.clock.time = Date.parse(soon)
    fixture.restart()
    await sweep()
    await fixture.deliveredKinds(did)
    expect(await findAccount(fixture.directory, { identifier: did })).toBeNull()
  })

  it('an account with deleteAfter is kept if it was activated meanwhile', async () => {
    const did = await made()
    const account = await fixture.account(did)
    await changeState(account, { active: false, deleteAfter: soon })
    await changeState(account, { active: true })
    expect((await account.profile.get()).deleteAfter).toBeNull()
    await setState(fixture.directory, { did, status: 'deactivated', deleteAfter: soon })
    fixture.clock.time = Date.parse(soon)
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toMatchObject({
      status: 'active',
    })
  })

  it('an account with deleteAfter is kept as long as it is taken down', async () => {
    const did = await made()
    const account = await fixture.account(did)
    await changeState(account, { takedownRef: 'spam' })
    await changeState(account, { active: false, deleteAfter: soon })
    fixture.clock.time = Date.parse(soon)
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toMatchObject({
      status: 'takendown',
    })
    await changeState(account, { takedownRef: null })
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toBeNull()
  })
})

describe('a migrated account', () => {
  const did = 'did:web:alice.example.com'
  const come = () => migrateIn(ports(), { ...input, did }, did)

  it('a migrated account that was never activated is deleted after three days, unless its DID points here', async () => {
    await come()
    fixture.clock.time += 3 * 24 * 60 * 60_000
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toMatchObject({
      status: 'deactivated',
    })
    endpoint = 'https://elsewhere.example.com'
    await sweep()
    expect(await findAccount(fixture.directory, { identifier: did })).toBeNull()
    expect(await fixture.deliveredKinds(did)).toEqual(['#account'])
  })

  it('an account can migrate in again after its deletion, with rising revs', async () => {
    await come()
    const first = await (await fixture.account(did)).lane.head()
    await deleteAccount(ports(), did)
    for (const restarts of [true, false]) {
      fixture.clock.time += 1000
      if (restarts) fixture.restart()
      await come()
      const account = await fixture.account(did)
      expect(await account.profile.get()).toMatchObject({
        status: 'deactivated',
        handle: 'alice.test',
        email: 'alice@example.com',
      })
      const head = await account.lane.head()
      expect(head.rev > first.rev).toBe(true)
      await changeState(account, { active: true })
      await createRecord(account, { collection, rkey: 'one', record: { $type: collection } })
      await deleteAccount(ports(), did)
    }
  })
})
