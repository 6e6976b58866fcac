/** Events for the webhooks of tenants and of the server: each is stored with what it is about. */
import { beforeEach, describe, expect, it } from 'vitest'
import { createTenantInvites } from '#src/directory/tenant-invites.ts'
import { addJob, removeJob } from '#src/directory/tenant-jobs.ts'
import { createTenant, setTenantStatus } from '#src/directory/tenants.ts'
import {
  listWebhookEvents,
  MAX_EVENTS_OF_OWNER,
  removeWebhookEvents,
} from '#src/directory/webhook-events.ts'
import { setWebhookOwner } from '#src/directory/webhook-owners.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'
import type { TestDirectory } from '#tests/support/test-directory.ts'

const list = async (directory: TestDirectory) => {
  const events = await listWebhookEvents(directory, { limit: 5_000 })
  return events.map(({ owner, type, data }) => ({ owner, type, data }))
}

let directory: TestDirectory

beforeEach(async () => {
  directory = await withTenant({ accounts: 5 })
  await setWebhookOwner(directory, { owner: 'tenant roomy', isListed: true })
})

describe('events for webhooks', () => {
  it('a warning comes when an account uses up 80 and 100 % of a quota, once a day', async () => {
    for (let i = 0; i < 3; i++) await create(directory, `a${i}`)
    await removeAll(directory)
    await create(directory, 'a3')
    const warning = (percent: number, used: number) => ({
      ...{ owner: 'tenant roomy', type: 'quota.warning' },
      data: { tenant: 'roomy', quota: 'accounts', percent, used, max: 5 },
    })
    expect(await quotaWarnings(directory)).toEqual([warning(80, 4)])
    await create(directory, 'a4')
    expect(await quotaWarnings(directory)).toEqual([warning(80, 4), warning(100, 5)])
    const again = { sql: "DELETE FROM account WHERE did = 'did:plc:a4'", params: [] }
    await directory.sql.batch([again])
    await create(directory, 'a5')
    expect(await quotaWarnings(directory)).toHaveLength(2)
    await directory.sql.batch([{ ...again, sql: "DELETE FROM account WHERE did = 'did:plc:a5'" }])
    directory.clock.time += 24 * 60 * 60_000
    await create(directory, 'a6')
    expect(await quotaWarnings(directory)).toHaveLength(3)
  })

  it('the use of an invite code of a tenant, by the account that has signed up with it', async () => {
    const codes = ['roomy_abcde-fghij']
    await createTenantInvites(directory, { tenant: 'roomy', codes, uses: 1, by: 'operator' })
    await create(directory, 'one', { inviteCode: codes[0]!, tenant: null })
    await create(directory, 'two', { tenant: null })
    expect(await list(directory)).toEqual([
      {
        ...{ owner: 'tenant roomy', type: 'invite.used' },
        data: { tenant: 'roomy', did: 'did:plc:one', code: codes[0] },
      },
    ])
  })

  it('a tenant is suspended and restored, each once, for its webhooks and those of the server', async () => {
    await setWebhookOwner(directory, { owner: 'server', isListed: true })
    for (const status of ['suspended', 'suspended', 'active', 'active'] as const) {
      directory.clock.time += 1
      await setTenantStatus(directory, { id: 'roomy', status, reason: 'unpaid' })
    }
    const data = { tenant: 'roomy', reason: 'unpaid' }
    expect(await list(directory)).toEqual([
      { owner: 'server', type: 'tenant.suspended', data },
      { owner: 'tenant roomy', type: 'tenant.suspended', data },
      { owner: 'server', type: 'tenant.restored', data },
      { owner: 'tenant roomy', type: 'tenant.restored', data },
    ])
  })

  it('a job that has ended, once', async () => {
    const ended = {
      ...{ kind: 'createAccounts', state: 'done', rows: 3, created: 1, existing: 1, failed: 1 },
    }
    await addJob(directory, { tenant: 'roomy', job: 'a' })
    for (let i = 0; i < 2; i++) await removeJob(directory, { job: 'a', ended })
    expect(await list(directory)).toEqual([
      {
        ...{ owner: 'tenant roomy', type: 'job.finished' },
        data: { tenant: 'roomy', job: 'a', ...ended },
      },
    ])
  })

  it('are not stored for an owner without webhooks', async () => {
    await createTenant(directory, { id: 'other', name: 'Other' })
    await setTenantStatus(directory, { id: 'other', status: 'suspended' })
    expect(await list(directory)).toEqual([])
  })

  it('stay until they are removed, also after a restart, and only the newest of an owner', async () => {
    for (let i = 0; i < MAX_EVENTS_OF_OWNER + 2; i++) {
      directory.clock.time += 1
      const status = i % 2 === 0 ? 'suspended' : 'active'
      await setTenantStatus(directory, { id: 'roomy', status })
    }
    const events = await listWebhookEvents(directory, { limit: 5_000 })
    expect(events).toHaveLength(MAX_EVENTS_OF_OWNER)
    const [first, second] = events
    await removeWebhookEvents(directory, { events: [{ row: first!.row, id: 'another' }, second!] })
    const left = await listWebhookEvents(directory, { after: first!.row - 1, limit: 2 })
    expect(left).toEqual([first, events[2]])
  })
})

async function quotaWarnings(of: TestDirectory) {
  return (await list(of)).filter(({ type }) => type === 'quota.warning')
}

/** The events of a sign-up, which are not asked about here. */
async function removeAll(of: TestDirectory): Promise<void> {
  await removeWebhookEvents(of, { events: await listWebhookEvents(of, { limit: 100 }) })
}
