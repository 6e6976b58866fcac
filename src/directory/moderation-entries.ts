/** What is known of a case: its reports, notes, changes of its state, and actions on its subject. */
import { getCase } from '#src/directory/moderation-cases.ts'
import { MAX_CASE_TEXT } from '#src/directory/moderation-reports.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import type { CaseDecision, CaseState } from '#src/rules/moderation-cases.ts'

/** Of a case, besides its reports. */
export const MAX_NOTES_PER_CASE = 500
/** Of these, what tenants write: the rest is left to the operator, who has to close the case. */
export const MAX_TENANT_NOTES_PER_CASE = 250

/** `opened`, `escalated` and `closed` are changes of the state. */
export type EntryKind = 'report' | 'note' | 'opened' | 'escalated' | 'closed' | 'action'

export interface CaseEntry {
  id: number
  /** ISO 8601. */
  at: string
  kind: EntryKind
  /** A DID, the prefix of an API key, `admin password`; for a tenant, null for reporters and `operator` for operators. */
  by: string | null
  /** The reason type of a report, the decision, or the action. */
  what: string | null
  text: string | null
  /** Of the record as it was reported. */
  cid: string | null
}

interface Row extends Omit<CaseEntry, 'at' | 'id'> {
  n: number
  at: number
  tenant: string | null
}

/**
 * Newest first. For a tenant, without what others have written: reports are without their reporter, changes of the state
 * without their text, and notes of others are left out. Throws 400 CaseNotFound, and 400 for a malformed cursor.
 */
export async function listCaseEntries(
  directory: Directory,
  input: { id: number; tenant?: string; kind?: 'report' | 'note'; limit: number; cursor?: string },
): Promise<{ entries: CaseEntry[]; cursor?: string }> {
  const { id, tenant, kind, limit, cursor } = input
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw invalidRequest('Malformed cursor')
  await mustFindCase(directory, { id, ...(tenant !== undefined && { tenant }) })
  const rows = await directory.sql.all<Row>(
    `SELECT n, at, kind, actor AS "by", tenant, what, text, cid FROM moderation_entry
     WHERE case_n = ?1 AND n < ?2 AND (?3 IS NULL OR kind = ?3)
       AND (?4 IS NULL OR kind <> 'note' OR tenant = ?4)
     ORDER BY n DESC LIMIT ?5`,
    ...[id, cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)],
    ...[kind ?? null, tenant ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  const entries = rows.map((row) => (tenant === undefined ? entryOf(row) : tenantView(row, tenant)))
  return { entries, ...(last && { cursor: String(last.n) }) }
}

export interface CaseChange {
  /** Chosen by the caller, so that a repeated call stores nothing. */
  entryId: string
  id: number
  by: string
  /** Whose admin or key changes it: the case must be about an account of the tenant. */
  tenant?: string
  state?: CaseState
  /** Of a case that is closed. */
  decision?: CaseDecision
  /** What is done about the subject, such as `takedown`. */
  action?: string
  text?: string
}

/** Throws 400 CaseNotFound, SameState, CaseExists, TooManyNotes. */
export async function updateCase(directory: Directory, change: CaseChange): Promise<void> {
  const { entryId, id, by, tenant, state, decision, action, text } = change
  const { sql, lane } = directory
  await lane.write(['moderation'], async (now) => {
    const stored = await sql.first('SELECT 1 FROM moderation_entry WHERE id = ?', entryId)
    if (stored !== undefined) return { answer: undefined, statements: [] }
    const found = await mustFindCase(directory, { id, ...(tenant !== undefined && { tenant }) })
    if (state !== undefined) {
      if (found.state === state) throw invalidRequest(`The case is ${state} already`, 'SameState')
      if (found.state === 'closed') await mustBeOnly(directory, id)
    }
    await mustHaveNotesLeft(directory, id, tenant !== undefined)
    const kind = state === 'open' ? 'opened' : (state ?? (action === undefined ? 'note' : 'action'))
    const closedAs = state === 'closed' ? (decision ?? 'other') : null
    const entry = {
      sql: `INSERT INTO moderation_entry (id, case_n, at, kind, actor, tenant, what, text)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [
        ...[entryId, id, now, kind, by, tenant ?? null, closedAs ?? action ?? null],
        text?.slice(0, MAX_CASE_TEXT) ?? null,
      ],
    }
    const counted = `changed_at = ?, entries = entries + 1`
    const updated =
      state === undefined
        ? { sql: `UPDATE moderation_case SET ${counted} WHERE n = ?`, params: [now, id] }
        : {
            sql: `UPDATE moderation_case SET ${counted}, state = ?, decision = ? WHERE n = ?`,
            params: [now, state, closedAs, id],
          }
    return { answer: undefined, statements: [entry, updated] }
  })
}

async function mustFindCase(directory: Directory, name: { id: number; tenant?: string }) {
  const found = await getCase(directory, name)
  if (found === null) throw invalidRequest('Case not found', 'CaseNotFound')
  return found
}

/** Only one case about a subject is not closed. */
async function mustBeOnly({ sql }: Directory, id: number): Promise<void> {
  const other = await sql.first<{ n: number }>(
    `SELECT n FROM moderation_case WHERE state <> 'closed'
       AND subject = (SELECT subject FROM moderation_case WHERE n = ?)`,
    id,
  )
  if (other !== undefined) {
    throw invalidRequest(`Case ${other.n} about the same subject is open`, 'CaseExists')
  }
}

async function mustHaveNotesLeft(
  { sql }: Directory,
  id: number,
  isByTenant: boolean,
): Promise<void> {
  const counted = await sql.first<{ n: number }>(
    `SELECT count(*) AS n FROM moderation_entry
     WHERE case_n = ? AND kind <> 'report' ${isByTenant ? 'AND tenant IS NOT NULL' : ''}`,
    id,
  )
  const max = isByTenant ? MAX_TENANT_NOTES_PER_CASE : MAX_NOTES_PER_CASE
  if ((counted?.n ?? 0) >= max) {
    throw invalidRequest('The case has too many notes', 'TooManyNotes')
  }
}

function entryOf({ n, at, tenant: _, ...row }: Row): CaseEntry {
  return { id: n, at: isoTime(at), ...row }
}

function tenantView(row: Row, tenant: string): CaseEntry {
  if (row.kind === 'report') return entryOf({ ...row, by: null })
  if (row.tenant === tenant) return entryOf(row)
  return entryOf({ ...row, by: 'operator', text: null })
}
