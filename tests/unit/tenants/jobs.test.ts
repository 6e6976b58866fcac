import { beforeEach, expect, it } from 'vitest'
import {
  addJobPart,
  beginJob,
  cancelJob,
  endJobPart,
  getJob,
  getJobResults,
  nextJobPart,
  settleJob,
  startJob,
} from '#src/tenants/jobs.ts'
import { type TestTenant, testTenant } from '#tests/support/test-tenant.ts'

const input = Uint8Array.of(1)
const none = { created: 0, existing: 0, failed: 0 }
let tenant: TestTenant

beforeEach(() => {
  tenant = testTenant()
})

async function start(id: string, parts: number): Promise<void> {
  await beginJob(tenant, { id, kind: 'createAccounts', by: 'operator' })
  for (let n = 0; n < parts; n++) await addJobPart(tenant, { id, n, input, rows: 10 })
  await startJob(tenant, { id })
}

it('a job gives its parts in order, and is done with the last one', async () => {
  await start('a', 2)
  expect(await getJob(tenant, { id: 'a' })).toMatchObject({ state: 'running', rows: 20, ...none })
  for (const n of [0, 1]) {
    const { part } = await nextJobPart(tenant, { id: 'a' })
    expect(part).toEqual({ n, input })
    const results = { results: `part ${n}\n`, created: 8, existing: 1, failed: 1 }
    // A repetition counts once.
    for (let i = 0; i < 2; i++) await endJobPart(tenant, { id: 'a', n, ...results })
  }
  expect(await nextJobPart(tenant, { id: 'a' })).toMatchObject({ state: 'done', part: null })
  const done = { state: 'done', created: 16, existing: 2, failed: 2 }
  expect(await getJob(tenant, { id: 'a' })).toMatchObject(done)
  expect(await getJobResults(tenant, { id: 'a', after: -1 })).toEqual({ n: 0, results: 'part 0\n' })
  expect(await getJobResults(tenant, { id: 'a', after: 1 })).toBeNull()
})

it('rows of a part are deleted with its results, since they may have passwords', async () => {
  await start('a', 1)
  await endJobPart(tenant, { id: 'a', n: 0, results: '', ...none })
  expect(await tenant.sql.all('SELECT input FROM job_part')).toEqual([{ input: null }])
  await start('b', 2)
  await cancelJob(tenant, { id: 'b' })
  expect(await tenant.sql.all(`SELECT n FROM job_part WHERE job = 'b'`)).toEqual([])
})

it('a job that is cancelled gives no more parts, and keeps its results', async () => {
  await start('a', 2)
  await endJobPart(tenant, { id: 'a', n: 0, results: 'x\n', ...none, created: 10 })
  expect(await cancelJob(tenant, { id: 'a' })).toMatchObject({ state: 'cancelled', created: 10 })
  expect(await nextJobPart(tenant, { id: 'a' })).toMatchObject({ part: null })
  expect(await getJobResults(tenant, { id: 'a', after: -1 })).toMatchObject({ results: 'x\n' })
  expect(await settleJob(tenant, { id: 'a' })).toMatchObject({ state: 'cancelled' })
})

it('an empty job is done at once', async () => {
  await start('a', 0)
  expect(await settleJob(tenant, { id: 'a' })).toMatchObject({ state: 'done', rows: 0 })
})

it('a tenant has five jobs at once, and a hundred in 30 days', async () => {
  for (let i = 0; i < 5; i++) await start(`a${i}`, 1)
  await expect(start('b', 1)).rejects.toMatchObject({ status: 429 })
  for (let i = 0; i < 5; i++) await cancelJob(tenant, { id: `a${i}` })
  for (let i = 0; i < 95; i++) {
    await start(`b${i}`, 0)
    await settleJob(tenant, { id: `b${i}` })
  }
  await expect(start('c', 1)).rejects.toMatchObject({ status: 429 })
  tenant.clock.time += 30 * 24 * 3_600_000
  await start('c', 1)
  await expect(getJob(tenant, { id: 'a0' })).rejects.toMatchObject({ error: 'JobNotFound' })
})
