/** Tenants that create accounts by the thousand: the reads of each, and when the first wakes begin. */
import { describe, expect, it } from 'vitest'
import { type Directory, openDirectory } from '#src/directory/open-directory.ts'
import { listReminders } from '#src/directory/reminders.ts'
import { confirmForTenant, reserveForTenant } from '#src/directory/tenant-reservations.ts'
import type { SqlValue, Statement } from '#src/ports/sql.ts'
import { withTenant } from '#tests/support/tenant-directory.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

const quotas = { accounts: 100_000, accountsPerHour: 100_000 }

let made = 0
async function createMany(directory: Directory, count: number): Promise<void> {
  const accounts = Array.from({ length: count }, () => {
    const name = `account${made++}`
    const names = { did: `did:plc:${name}`, externalId: name, handle: `${name}.test`, email: null }
    return { ...names, ...newKey }
  })
  await reserveForTenant(directory, { tenant: 'roomy', accounts })
  const confirmed = accounts.map(({ did }) => ({ did, ...confirmation }))
  await confirmForTenant(directory, { accounts: confirmed })
}

describe('creating many accounts', () => {
  it('reads no other accounts of the tenant, however many there are', async () => {
    const { sql, clock } = await withTenant(quotas)
    const run: Statement[] = []
    const note = (text: string, params: SqlValue[]) => void run.push({ sql: text, params })
    const directory = openDirectory({
      clock,
      sql: {
        ...sql,
        all: (text, ...params) => {
          note(text, params)
          return sql.all(text, ...params)
        },
        first: (text, ...params) => {
          note(text, params)
          return sql.first(text, ...params)
        },
        batch: (statements) => {
          run.push(...statements)
          return sql.batch(statements)
        },
      },
    })
    await createMany(directory, 3)
    const plans: string[] = []
    for (const { sql: text, params = [] } of run) {
      const steps = await sql.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, ...params)
      plans.push(...steps.map(({ detail }) => detail))
    }
    expect(plans).toContainEqual(expect.stringContaining('account_reserved (reserved_until<?)'))
    expect(
      plans.filter((step) => /^SCAN account|^SEARCH account .*\(tenant=\?\)$/.test(step)),
    ).toEqual([])
  })
})

describe('the reminders of new accounts', () => {
  const countNew = async (directory: TestDirectory) => {
    const page = { after: '', limit: 1_000, process: 'A' }
    return (await listReminders(directory, { ...page, isNew: true })).length
  }

  it('are listed at once if there are fewer than 200', async () => {
    const directory = await withTenant(quotas)
    for (let n = 0; n < 3; n++) await createMany(directory, 66)
    expect(await countNew(directory)).toBe(198)
  })

  it('are listed when none was created for five seconds, if there are more', async () => {
    const directory = await withTenant(quotas)
    for (let n = 0; n < 3; n++) await createMany(directory, 67)
    expect(await countNew(directory)).toBe(0)
    directory.clock.time += 5_000
    expect(await countNew(directory)).toBe(0)
    directory.clock.time += 1
    expect(await countNew(directory)).toBe(201)
    await createMany(directory, 1)
    expect(await countNew(directory)).toBe(202)
  })

  it('are listed after ten minutes in any case, and by a directory that has woken', async () => {
    const directory = await withTenant(quotas)
    await createMany(directory, 200)
    for (let second = 0; second < 600; second += 5) {
      directory.clock.time += 5_000
      await createMany(directory, 1)
      expect(await countNew(directory)).toBe(0)
      if (second === 0) expect(await countNew(testDirectory({ sql: directory.sql }))).toBe(201)
    }
    directory.clock.time += 1
    expect(await countNew(directory)).toBe(320)
  })
})
