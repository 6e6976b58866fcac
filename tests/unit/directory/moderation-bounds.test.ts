/** How much reporters may fill, and what makes room when it is full. */
import { expect, it } from 'vitest'
import {
  CASES_KEPT_MS,
  MAX_CASES,
  MAX_CASES_PER_REPORTER,
  MAX_ENTRIES,
  MAX_REPORTS_PER_DAY,
  REPORTERS_SHARE,
} from '#src/directory/moderation-bounds.ts'
import { listCases } from '#src/directory/moderation-cases.ts'
import { bob, carl, post, reportedAccounts } from '#tests/support/reported-accounts.ts'

const day = 86_400_000

const ids = (found: { cases: { id: number }[] }) => found.cases.map(({ id }) => id)

it('a reporter makes a bounded number of reports in a day, and the operator any number', async () => {
  const { directory, report } = await reportedAccounts()
  for (let i = 0; i < MAX_REPORTS_PER_DAY; i++) {
    await report({ subject: { did: bob, uri: `at://${bob}/a.b.c/${i}` } })
    directory.clock.time += 1_000
  }
  await expect(report()).rejects.toMatchObject({
    status: 429,
    headers: { 'retry-after': '86380' },
  })
  await report({ isLimited: false })
  directory.clock.time += day
  await report()
})

it('one account opens a bounded number of cases, until they are decided', async () => {
  const { directory, report, update } = await reportedAccounts()
  const about = (n: number) => ({ subject: { did: bob, uri: `at://${bob}/a.b.c/${n}` } })
  for (let n = 0; n < MAX_CASES_PER_REPORTER; n++) {
    await report(about(n))
    directory.clock.time += day / MAX_REPORTS_PER_DAY
  }
  await expect(report(about(-1))).rejects.toMatchObject({ status: 429 })
  await report(about(0))
  await update({ state: 'closed' })
  directory.clock.time += day
  await report(about(-1))
})

it('if there are too many cases, closed ones make room, and open ones do not', async () => {
  const { directory, report, update } = await reportedAccounts()
  await report()
  await report({ subject: { did: carl } })
  const full = `UPDATE moderation_case SET entries = ${MAX_ENTRIES}`
  await directory.sql.batch([{ sql: full }])
  const refused = report({ subject: { did: bob, uri: post } })
  await expect(refused).rejects.toMatchObject({ status: 503, error: 'TooManyCases' })
  await update({ state: 'closed' })
  await report({ subject: { did: bob, uri: post } })
  expect(ids(await listCases(directory, { limit: 9 }))).toEqual([3, 2])
  expect(await directory.sql.all('SELECT n FROM moderation_entry WHERE case_n = 1')).toEqual([])
  expect(MAX_CASES).toBeLessThan(MAX_ENTRIES)
})

it('accounts that report everything keep out neither others nor operators', async () => {
  const { directory, report } = await reportedAccounts()
  const { sql } = directory
  const cases = MAX_CASES * REPORTERS_SHARE
  // Those of 900 accounts, each with 20.
  await sql.batch([
    {
      sql: `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?1)
            INSERT INTO moderation_case (subject, did, opened_by, state, reasons, reporters, entries,
              opened_at, reported_at, changed_at)
            SELECT 'at://x/' || n, ?2, 'did:plc:' || (n / 20), 'open', '{}', 1, 1, 0, 0, ?3 + n FROM c`,
      params: [cases - 1, bob, directory.clock.time],
    },
  ])
  const honest = { by: 'did:plc:honest', subject: { did: carl } }
  expect(await report(honest)).toMatchObject({ case: cases })
  expect(await report()).toMatchObject({ case: cases + 1 })
  expect(await report({ by: 'did:plc:late', subject: { did: carl } })).toMatchObject({
    case: cases,
  })
  const left = await sql.first<{ n: number }>('SELECT count(*) AS n FROM moderation_case')
  expect(left!.n).toBe(cases + 1 - 100)
  await sql.batch([{ sql: 'UPDATE moderation_case SET opened_by = NULL' }])
  await sql.batch([
    { sql: `UPDATE moderation_case SET entries = ${MAX_ENTRIES} * 0.9 / ${cases} + 1` },
  ])
  const more = { subject: { did: bob, uri: post } }
  await expect(report(more)).rejects.toMatchObject({ error: 'TooManyCases' })
  await report({ ...more, isLimited: false })
})

it('a case that nothing has changed for two years is deleted, and its number is not used again', async () => {
  const { directory, report } = await reportedAccounts()
  await report()
  await report({ subject: { did: carl } })
  directory.clock.time += CASES_KEPT_MS
  await report({ subject: { did: bob, uri: post } })
  expect(ids(await listCases(directory, { limit: 9 }))).toEqual([3, 2])
})
