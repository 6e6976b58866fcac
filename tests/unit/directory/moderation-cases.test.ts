import { describe, expect, it } from 'vitest'
import { countCases, getCase, listCases } from '#src/directory/moderation-cases.ts'
import {
  listCaseEntries,
  MAX_NOTES_PER_CASE,
  MAX_TENANT_NOTES_PER_CASE,
} from '#src/directory/moderation-entries.ts'
import { MAX_CASE_TEXT, MAX_REPORTS_PER_CASE } from '#src/directory/moderation-reports.ts'
import { bob, carl, post, reason, reportedAccounts } from '#tests/support/reported-accounts.ts'

const ids = (found: { cases: { id: number }[] }) => found.cases.map(({ id }) => id)

describe('reports', () => {
  it('a report opens a case, and others about the same subject are added to it', async () => {
    const { directory, report } = await reportedAccounts()
    expect(await report({ text: 'ads' })).toEqual({ case: 1, report: 1 })
    expect(await report({ by: 'did:plc:eve', reasonType: reason('Rude') })).toMatchObject({
      case: 1,
    })
    expect(await report({ subject: { did: bob, uri: post }, cid: 'bafyone' })).toMatchObject({
      case: 2,
    })
    expect(await report({ subject: { did: bob, blob: 'bafkone' } })).toMatchObject({ case: 3 })
    expect(await getCase(directory, { id: 1 })).toMatchObject({
      ...{ id: 1, did: bob, handle: 'bob.test', tenant: 'roomy', state: 'open', reporters: 2 },
      reasons: [
        { reason: 'spam', count: 1 },
        { reason: 'harassment', count: 1 },
      ],
    })
    expect(await getCase(directory, { id: 2 })).toMatchObject({ did: bob, uri: post })
    expect(await getCase(directory, { id: 3 })).toMatchObject({ did: bob, blob: 'bafkone' })
  })

  it('a repeated call stores nothing, and one reporter counts once', async () => {
    const { directory, report, entries } = await reportedAccounts()
    const first = await report({ id: 'same' })
    expect(await report({ id: 'same' })).toEqual(first)
    await report()
    expect(await getCase(directory, { id: 1 })).toMatchObject({ reporters: 1 })
    expect(await entries()).toHaveLength(2)
  })

  it('a report about an account that is not here is refused', async () => {
    const { report } = await reportedAccounts()
    const elsewhere = report({ subject: { did: 'did:plc:elsewhere' } })
    await expect(elsewhere).rejects.toMatchObject({ error: 'SubjectNotFound' })
  })

  it('texts and the reports of a case are bounded, and reports that are deleted still count', async () => {
    const { directory, report, entries } = await reportedAccounts()
    for (let i = 0; i <= MAX_REPORTS_PER_CASE; i++) {
      await report({ by: `did:plc:${i}`, text: 'x'.repeat(MAX_CASE_TEXT + 1) })
    }
    const kept = await entries()
    expect(kept).toHaveLength(MAX_REPORTS_PER_CASE)
    expect(kept.at(-1)).toMatchObject({ by: 'did:plc:1', text: 'x'.repeat(MAX_CASE_TEXT) })
    expect(await getCase(directory, { id: 1 })).toMatchObject({
      reporters: MAX_REPORTS_PER_CASE + 1,
    })
  })
})

describe('the queue', () => {
  it('lists by state, tenant, kind of reason and account, the newest or the most reported first', async () => {
    const { directory, report, update } = await reportedAccounts()
    await report()
    await report({ by: 'did:plc:eve' })
    directory.clock.time += 1
    await report({
      subject: { did: carl },
      reasonType: 'tools.ozone.report.defs#reasonChildSafetyCSAM',
    })
    directory.clock.time += 1
    await report({ subject: { did: bob, uri: post } })
    await update({ state: 'closed', id: 3 })
    const list = async (filter: object) => ids(await listCases(directory, { limit: 9, ...filter }))
    expect(await list({})).toEqual([3, 2, 1])
    expect(await list({ sort: 'reports' })).toEqual([1, 3, 2])
    expect(await list({ state: 'unresolved' })).toEqual([2, 1])
    expect(await list({ state: 'closed' })).toEqual([3])
    expect(await list({ tenant: 'roomy' })).toEqual([3, 1])
    expect(await list({ reason: 'child-safety' })).toEqual([2])
    expect(await list({ did: bob })).toEqual([3, 1])
    expect(await countCases(directory)).toEqual({ open: 2, escalated: 0 })
  })

  it.each(['newest', 'reports'] as const)('pages have each case once, by %s', async (sort) => {
    const { directory, report } = await reportedAccounts()
    for (let i = 0; i < 7; i++) {
      await report({ subject: { did: bob, uri: `at://${bob}/a.b.c/${i}` } })
      if (i % 3 === 0) directory.clock.time += 1
    }
    const found: number[] = []
    let cursor: string | undefined
    do {
      const page = await listCases(directory, { sort, limit: 2, ...(cursor && { cursor }) })
      found.push(...ids(page))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(found).toEqual([7, 6, 5, 4, 3, 2, 1])
  })
})

describe('changes of a case', () => {
  it('the state, notes and actions are in the case, each once', async () => {
    const { directory, report, update, entries } = await reportedAccounts()
    await report({ text: 'ads' })
    await update({ entryId: 'note', text: 'looks like it' })
    await update({ entryId: 'note', text: 'looks like it' })
    await update({ state: 'escalated', text: 'unsure' })
    await update({ action: 'takedown' })
    await update({ state: 'closed', decision: 'takedown' })
    expect(await getCase(directory, { id: 1 })).toMatchObject({
      ...{ state: 'closed', decision: 'takedown' },
    })
    expect((await entries()).map(({ kind, what, text }) => [kind, what, text])).toEqual([
      ['closed', 'takedown', null],
      ['action', 'takedown', null],
      ['escalated', null, 'unsure'],
      ['note', null, 'looks like it'],
      ['report', reason('Spam'), 'ads'],
    ])
    await expect(update({ state: 'closed' })).rejects.toMatchObject({ error: 'SameState' })
  })

  it('a report after a case was closed opens a new one, and then the old one stays closed', async () => {
    const { directory, report, update } = await reportedAccounts()
    await report()
    await update({ state: 'closed', decision: 'no-violation' })
    expect(await report()).toMatchObject({ case: 2 })
    await expect(update({ state: 'open' })).rejects.toMatchObject({ error: 'CaseExists' })
    await update({ id: 2, state: 'closed' })
    await update({ state: 'open' })
    expect(await getCase(directory, { id: 1 })).toMatchObject({ state: 'open', decision: null })
  })

  it('the notes of a case are bounded', async () => {
    const { directory, report, update } = await reportedAccounts()
    await report()
    const sql = `INSERT INTO moderation_entry (id, case_n, at, kind, actor) VALUES (?, 1, 0, 'note', 'x')`
    const rows = Array.from({ length: MAX_NOTES_PER_CASE }, (_, i) => ({ sql, params: [`n${i}`] }))
    await directory.sql.batch(rows)
    await expect(update({ text: 'more' })).rejects.toMatchObject({ error: 'TooManyNotes' })
  })
})

describe('a tenant', () => {
  const tenant = 'roomy'

  it('has the cases about its accounts only', async () => {
    const { directory, report, update } = await reportedAccounts()
    await report()
    await report({ subject: { did: carl } })
    expect(await getCase(directory, { id: 1, tenant })).toMatchObject({ id: 1 })
    expect(await getCase(directory, { id: 2, tenant })).toBe(null)
    const other = { error: 'CaseNotFound' }
    await expect(update({ id: 2, tenant, text: 'hi' })).rejects.toMatchObject(other)
    const listing = listCaseEntries(directory, { id: 2, tenant, limit: 9 })
    await expect(listing).rejects.toMatchObject(other)
  })

  it('cannot write so many notes that the operator cannot close the case', async () => {
    const { directory, report, update } = await reportedAccounts()
    await report()
    const sql = `INSERT INTO moderation_entry (id, case_n, at, kind, actor, tenant)
                 VALUES (?, 1, 0, 'note', 'x', 'roomy')`
    const ids = Array.from({ length: MAX_TENANT_NOTES_PER_CASE }, (_, i) => `n${i}`)
    await directory.sql.batch(ids.map((id) => ({ sql, params: [id] })))
    const more = update({ tenant, text: 'more' })
    await expect(more).rejects.toMatchObject({ error: 'TooManyNotes' })
    await update({ state: 'closed', decision: 'other' })
  })

  it('is not told who has reported, nor what others have written', async () => {
    const { report, update, entries } = await reportedAccounts()
    await report({ text: 'ads' })
    await update({ text: 'a note of the operator' })
    await update({ text: 'ours', tenant, by: 'did:plc:admin' })
    await update({ state: 'closed', decision: 'takedown', text: 'internal' })
    const seen = (await entries({ tenant })).map(({ kind, by, text }) => [kind, by, text])
    expect(seen).toEqual([
      ['closed', 'operator', null],
      ['note', 'did:plc:admin', 'ours'],
      ['report', null, 'ads'],
    ])
  })
})
