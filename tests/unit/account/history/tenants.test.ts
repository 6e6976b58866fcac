/** For how long the accounts of a tenant keep their history. */
import { expect, it } from 'vitest'
import {
  followSettings,
  followTenant,
  getSettings,
  putSettings,
} from '#src/account/history/settings.ts'
import type { TenantHistory } from '#src/account/history-window.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { findInitialState } from '#src/directory/initial-states.ts'
import { moveToTenant } from '#src/directory/tenant-admission.ts'
import { findTenantHistory } from '#src/directory/tenant-history.ts'
import { updateTenant } from '#src/directory/tenants.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'

const by = { did: testDid }
const HOUR_MS = 3_600_000

/** An account of a tenant that has set nothing; `ofTenant` is what the directory answers, and `asked` how often. */
async function open() {
  const clock = { time: Date.parse('2026-01-01T00:00:00Z'), now: () => clock.time }
  const directory = { ofTenant: { days: null } as TenantHistory | null, asked: 0 }
  const findTenantHistory = async () => {
    directory.asked++
    return directory.ofTenant
  }
  const account = await openTestAccount({ clock, findTenantHistory })
  await followTenant(account)
  directory.asked = 0
  /** As when its actor wakes. */
  const wake = async () => {
    await account.history.askTenant()
    await followSettings(account)
  }
  const days = async () => (await account.history.load())?.days
  return { account, clock, directory, wake, days }
}

it('an account follows its tenant when it wakes, an hour after it has last asked', async () => {
  const { clock, directory, wake, days } = await open()
  expect(await days()).toBe(30)
  directory.ofTenant = { days: 90 }
  await wake()
  expect(await days()).toBe(30)
  clock.time += HOUR_MS
  await wake()
  await wake()
  expect(await days()).toBe(90)
  expect(directory.asked).toBe(1)
})

it('an account of no tenant asks once a day', async () => {
  const { account, clock, directory, wake, days } = await open()
  directory.ofTenant = null
  await followTenant(account)
  expect(await days()).toBe(7)
  directory.ofTenant = { days: 20 }
  directory.asked = 0
  clock.time += 23 * HOUR_MS
  await wake()
  expect(directory.asked).toBe(0)
  clock.time += HOUR_MS
  await wake()
  expect(await days()).toBe(20)
})

it('0 days of the tenant delete the history, and more begin one', async () => {
  const { account, directory, days } = await open()
  const collection = 'com.example.thing'
  await createRecord(account, { collection, rkey: 'one', record: { $type: collection } })
  await deleteRecord(account, { collection, rkey: 'one' })
  directory.ofTenant = { days: 0 }
  await followTenant(account)
  expect(await account.sql.all('SELECT * FROM past_record')).toEqual([])
  expect(await getSettings(account, { by })).toMatchObject({ days: 0, isOwn: false })
  directory.ofTenant = { days: 5 }
  await followTenant(account)
  expect(await getSettings(account, { by })).toMatchObject({ days: 5, since: expect.anything() })
  expect(await days()).toBe(5)
})

it("an account's own setting comes before its tenant's", async () => {
  const { account, directory, days } = await open()
  directory.ofTenant = { days: 5 }
  await followTenant(account)
  await putSettings(account, { by, days: 50 })
  expect(await days()).toBe(50)
  await putSettings(account, { by, days: null })
  expect(await days()).toBe(5)
})

it('an account follows what it knows if the directory is away', async () => {
  const { account, clock, directory, days } = await open()
  directory.ofTenant = { days: 5 }
  await followTenant(account)
  clock.time += HOUR_MS
  Object.defineProperty(directory, 'ofTenant', {
    get: () => {
      throw new Error('away')
    },
  })
  expect(await getSettings(account, { by })).toMatchObject({ days: 5 })
  expect(await days()).toBe(5)
})

it('the directory knows what the tenant of an account has set, within its quota', async () => {
  const directory = await withTenant({ historyDays: 60 })
  await create(directory, 'one')
  await create(directory, 'other', { tenant: null })
  const of = (name: string) => findTenantHistory(directory, { did: `did:plc:${name}` })
  expect(await of('one')).toEqual({ days: null })
  expect(await of('other')).toBeNull()
  await updateTenant(directory, { id: 'roomy', historyDays: 45 })
  expect(await of('one')).toEqual({ days: 45 })
  const more = updateTenant(directory, { id: 'roomy', historyDays: 61 })
  await expect(more).rejects.toMatchObject({ status: 413, error: 'QuotaExceeded' })
  await updateTenant(directory, { id: 'roomy', quotas: { historyDays: 10 } })
  expect(await of('one')).toEqual({ days: 10 })
  await moveToTenant(directory, { did: 'did:plc:other', tenant: 'roomy' })
  expect(await of('other')).toEqual({ days: 10 })
  await updateTenant(directory, { id: 'roomy', historyDays: null })
  expect(await of('one')).toEqual({ days: null })
})

it("a new account has its tenant's days from the beginning", async () => {
  const directory = await withTenant()
  await updateTenant(directory, { id: 'roomy', historyDays: 3 })
  await create(directory, 'one')
  expect(await findInitialState(directory, { did: 'did:plc:one' })).toMatchObject({
    history: { days: 3 },
  })
})
