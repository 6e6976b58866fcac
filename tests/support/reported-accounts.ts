/** A directory with two accounts that others report: bob of the tenant roomy, and carl of none. */
import { listCaseEntries, updateCase } from '#src/directory/moderation-entries.ts'
import { addReport, type NewReport } from '#src/directory/moderation-reports.ts'
import { create, withTenant } from '#tests/support/tenant-directory.ts'

export const bob = 'did:plc:bob'
export const carl = 'did:plc:carl'
export const post = `at://${bob}/app.bsky.feed.post/3k`
export const reason = (name: string) => `com.atproto.moderation.defs#reason${name}`

/** A report is dora's about bob, and a change is of the first case, if nothing else is given. */
export async function reportedAccounts() {
  const directory = await withTenant()
  await create(directory, 'bob')
  await create(directory, 'carl', { tenant: null })
  let last = 0
  const report = (more: Partial<NewReport> = {}) =>
    addReport(directory, {
      ...{ id: `report-${last++}`, subject: { did: bob }, reasonType: reason('Spam') },
      ...{ by: 'did:plc:dora', isLimited: true, ...more },
    })
  const update = (change: Partial<Parameters<typeof updateCase>[1]>) =>
    updateCase(directory, { entryId: `entry-${last++}`, id: 1, by: 'did:plc:op', ...change })
  const entries = async (more = {}) =>
    (await listCaseEntries(directory, { id: 1, limit: 1_000, ...more })).entries
  return { directory, report, update, entries }
}
