import { expect, it } from 'vitest'
import { addJob, keepJob, listJobs, removeJob, takeJobs } from '#src/directory/tenant-jobs.ts'
import { testDirectory } from '#tests/support/test-directory.ts'

it('a job is given to one gateway, and to another one 15 s after the first has asked to keep it', async () => {
  const directory = testDirectory()
  const name = { tenant: 'roomy', job: 'a' }
  await addJob(directory, name)
  await addJob(directory, name)
  const takes = await Promise.all([1, 2].map(() => takeJobs(directory, { limit: 2 })))
  expect(takes.flat()).toEqual([name])
  directory.clock.time += 14_000
  await keepJob(directory, { job: 'a' })
  directory.clock.time += 14_000
  expect(await takeJobs(directory, { limit: 2 })).toEqual([])
  directory.clock.time += 1_000
  expect(await takeJobs(directory, { limit: 2 })).toEqual([name])
  await removeJob(directory, { job: 'a' })
  directory.clock.time += 60_000
  const before = directory.sql.batches
  expect(await takeJobs(directory, { limit: 2 })).toEqual([])
  expect(directory.sql.batches).toBe(before)
})

it('jobs that have not ended are listed', async () => {
  const directory = testDirectory()
  for (const job of ['b', 'a']) await addJob(directory, { tenant: 'roomy', job })
  const names = ['a', 'b'].map((job) => ({ tenant: 'roomy', job }))
  expect(await listJobs(directory, { limit: 9 })).toEqual(names)
  expect(await listJobs(directory, { limit: 1 })).toEqual(names.slice(0, 1))
  await removeJob(directory, { job: 'a' })
  expect(await listJobs(directory, { limit: 9 })).toEqual(names.slice(1))
})
