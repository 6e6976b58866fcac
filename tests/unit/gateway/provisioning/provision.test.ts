import { beforeEach, describe, expect, it } from 'vitest'
import { findAccount } from '#src/directory/accounts.ts'
import { createTenant } from '#src/directory/tenants.ts'
import type { CheckedAccount } from '#src/gateway/provisioning/check-account.ts'
import { batching, openProvisioner } from '#src/gateway/provisioning/provision.ts'
import { AccountCreationFixture, type Fault } from '#tests/support/account-creation-fixture.ts'

const kinds = ['#identity', '#account', '#commit', '#sync']

function account(name: string, more: Partial<CheckedAccount> = {}): CheckedAccount {
  const names = { externalId: name, handle: `${name}.test`, isHandleGenerated: false }
  return { ...names, session: false, records: [], ...more }
}

describe('accounts of a tenant', () => {
  let fixture: AccountCreationFixture
  const open = (tenant = 'roomy') => openProvisioner(fixture.provisionPorts(), tenant)
  const quotas = { accounts: 100, groups: 1, accountsPerHour: 100 }

  beforeEach(async () => {
    fixture = new AccountCreationFixture()
    for (const id of ['roomy', 'other']) {
      await createTenant(fixture.directory, { id, name: id, quotas })
    }
  })

  it('an account needs no email address and no password, and begins with its records', async () => {
    const records = [{ collection: 'com.example.thing', rkey: 'self', value: { n: 1 } }]
    const { status, did, session } = await open().create(account('alice', { records }))
    expect([status, session]).toEqual(['created', undefined])
    expect(await fixture.deliveredKinds(did)).toEqual(kinds)
    const { sql } = await fixture.account(did)
    expect(await sql.all('SELECT path FROM record')).toEqual([{ path: 'com.example.thing/self' }])
    expect(await sql.all('SELECT id FROM refresh_token')).toEqual([])
    expect(await findAccount(fixture.directory, { identifier: 'alice.test' })).toMatchObject({
      did,
    })
  })

  it('an account begins with a session if it is asked for', async () => {
    const { did, session } = await open().create(account('alice', { session: true }))
    expect(session?.accessJwt).toBeTypeOf('string')
    await fixture.settled()
    const { sql } = await fixture.account(did)
    expect(await sql.all('SELECT id FROM refresh_token')).toHaveLength(1)
  })

  it('no DID is published unless the audit log has its row', async () => {
    const audited = Promise.reject(new Error('no row'))
    await expect(open().create(account('alice'), audited)).rejects.toThrow('no row')
    expect(fixture.plcLog.size).toBe(0)
    const again = await open().create(account('alice'), Promise.resolve())
    expect(again.status).toBe('created')
    expect([...fixture.plcLog.keys()]).toEqual([again.did])
  })

  it('the same external id gives the same account', async () => {
    const first = await open().create(account('alice'))
    expect(await open().create(account('alice'))).toEqual({ ...first, status: 'existing' })
    const generated = account('alice', { handle: 'x.test', isHandleGenerated: true })
    expect(await open().create(generated)).toEqual({ ...first, status: 'existing' })
    await expect(open().create(account('alice', { handle: 'x.test' }))).rejects.toMatchObject({
      error: 'ExternalIdTaken',
    })
    const other = await open('other').create(account('alice', { handle: 'y.test' }))
    expect(other.did).not.toBe(first.did)
  })

  it('the same external id twice at once is one account', async () => {
    const both = [open(), open()].map((each) => each.create(account('alice')))
    const [a, b] = await Promise.all(both)
    expect(a!.did).toBe(b!.did)
    expect([a!.status, b!.status].toSorted()).toEqual(['created', 'existing'])
    const one = open()
    const [c, d] = await Promise.all([one.create(account('bob')), one.create(account('bob'))])
    expect(c!.did).toBe(d!.did)
    expect([c!.status, d!.status].toSorted()).toEqual(['created', 'existing'])
    expect(fixture.activeDids()).toHaveLength(2)
  })

  it('a name that is taken refuses its account only', async () => {
    const one = open()
    const accounts = [
      account('alice', { email: 'A@example.com' }),
      account('eve', { handle: 'alice.test' }),
      account('mallory', { email: 'a@Example.com' }),
      account('bob'),
    ]
    const outcomes = await Promise.allSettled(accounts.map((each) => one.create(each)))
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    ])
    expect(outcomes[1]).toMatchObject({ reason: { error: 'HandleNotAvailable' } })
    expect(outcomes[2]).toMatchObject({ reason: { error: 'InvalidRequest' } })
    expect(fixture.activeDids()).toHaveLength(2)
  })

  it('many accounts are reserved in one transaction, and confirmed in one', async () => {
    const one = openProvisioner(fixture.provisionPorts(), 'roomy', batching.many)
    const before = fixture.directory.sql.batches
    const names = Array.from({ length: 30 }, (_, i) => `a${i}`)
    await Promise.all(names.map((name) => one.create(account(name))))
    const calls = fixture.calls.filter((call) => call.endsWith('for tenant'))
    expect(calls.filter((call) => call.startsWith('reserve'))).toHaveLength(1)
    expect(fixture.directory.sql.batches - before).toBe(calls.length)
    expect(calls.filter((call) => call.startsWith('confirm')).length).toBeLessThan(10)
  })

  it('a quota is exact under many creations at once', async () => {
    const openers = Array.from({ length: 130 }, (_, i) => [open(), account(`a${i}`)] as const)
    const outcomes = await Promise.allSettled(openers.map(([one, each]) => one.create(each)))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(30)
    expect(refused[0]).toMatchObject({ reason: { status: 413, error: 'QuotaExceeded' } })
    expect(fixture.activeDids()).toHaveLength(100)
    // Those that exist take no room.
    expect(await open().create(account('a0'))).toMatchObject({ status: 'existing' })
  })

  it('a DID that the PLC directory refuses leaves nothing behind', async () => {
    const ports = fixture.provisionPorts()
    const refused = Object.assign(new Error('no'), { status: 400, error: 'InvalidRequest' })
    const plc = {
      ...ports.plc,
      sendOperation: async () => {
        const { XrpcError } = await import('#src/errors.ts')
        throw new XrpcError(refused.status, refused.error, refused.message)
      },
    }
    const failing = openProvisioner({ ...ports, plc }, 'roomy')
    await expect(failing.create(account('alice'))).rejects.toMatchObject({ status: 400 })
    expect(await fixture.directory.sql.all('SELECT did FROM account')).toEqual([])
  })

  const faults: Fault[] = Array.from({ length: 3 }, (_, i) => i + 1).flatMap((at) =>
    (['before', 'after'] as const).flatMap((when) =>
      [true, false].map((crash) => ({ at, when, crash })),
    ),
  )
  it.each(faults)('goes on with the same DID after a fault %j', async (fault) => {
    fixture.fault = fault
    const group = {
      creator: 'did:web:roomy.test',
      members: [{ did: 'did:web:roomy.test', role: 'owner', kind: 'service' as const }],
      roles: [],
      records: [],
    }
    const first = await open()
      .create(account('alice', { group }))
      .catch(() => undefined)
    const published = [...fixture.plcLog.keys()]
    await fixture.settled()
    fixture.restart()
    const again = await open().create(account('alice', { group }))
    if (first !== undefined) expect(again.did).toBe(first.did)
    if (published.length > 0) expect([again.did]).toEqual(published)
    expect([...fixture.plcLog.keys()]).toEqual([again.did])
    expect(fixture.plcLog.get(again.did)).toHaveLength(1)
    await fixture.sendReminders()
    expect(await fixture.deliveredKinds(again.did)).toEqual(kinds)
    expect((await open().create(account('alice'))).status).toBe('existing')
    const rows = await fixture.directory.sql.all('SELECT accounts, groups FROM tenant ORDER BY id')
    expect(rows).toEqual([
      { accounts: 0, groups: 0 },
      { accounts: 1, groups: 1 },
    ])
  })
})
