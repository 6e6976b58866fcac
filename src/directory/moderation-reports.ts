/** Reports about accounts, records and blobs of this server. A report opens a case, unless one about its subject is open. */
import { makeRoom, mustHaveReportsLeft } from '#src/directory/moderation-bounds.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import {
  type CaseSubject,
  type ReasonKind,
  reasonKindOf,
  subjectKey,
} from '#src/rules/moderation-cases.ts'

/** Of one case; older ones are deleted. They still count. */
export const MAX_REPORTS_PER_CASE = 200
/** Characters. */
export const MAX_CASE_TEXT = 2_000

export interface NewReport {
  /** Chosen by the caller, so that a repeated call stores nothing. */
  id: string
  subject: CaseSubject
  reasonType: string
  text?: string
  /** Of the record as it was reported. */
  cid?: string
  /** A DID, or `admin password`. */
  by: string
  /** Whether the reports of this reporter are counted: those of the operator and of the moderation service are not. */
  isLimited: boolean
}

export interface AddedReport {
  case: number
  report: number
}

interface OpenCase {
  n: number
  reasons: string
}

/**
 * Throws 400 SubjectNotFound if the account is not here, 429 as `mustHaveReportsLeft`, 503 TooManyCases if no case can make
 * room.
 */
export async function addReport(directory: Directory, report: NewReport): Promise<AddedReport> {
  const { sql, lane } = directory
  const find = () =>
    sql.first<AddedReport>(
      'SELECT case_n AS "case", n AS report FROM moderation_entry WHERE id = ?',
      report.id,
    )
  await lane.write(['moderation'], async (now) => {
    if ((await find()) !== undefined) return { answer: undefined, statements: [] }
    await mustBeHere(directory, report.subject.did)
    const known = await sql.first<OpenCase>(
      `SELECT n, reasons FROM moderation_case WHERE subject = ? AND state <> 'closed'`,
      subjectKey(report.subject),
    )
    if (report.isLimited) {
      const { by } = report
      await mustHaveReportsLeft(directory, { by, opens: known === undefined }, now)
    }
    const room = await makeRoom(directory, report, known, now)
    const repeated =
      known !== undefined &&
      (await sql.first(
        `SELECT 1 FROM moderation_entry WHERE case_n = ? AND kind = 'report' AND actor = ? LIMIT 1`,
        ...[known.n, report.by],
      )) !== undefined
    return {
      answer: undefined,
      statements: [...room, ...storeReport(report, known, repeated ? 0 : 1, now)],
    }
  })
  return (await find())!
}

function storeReport(
  { id, subject, reasonType, text, cid, by, isLimited }: NewReport,
  known: OpenCase | undefined,
  reporters: number,
  now: number,
): Statement[] {
  const key = subjectKey(subject)
  const reasons = countedReasons(known?.reasons ?? '{}', reasonKindOf(reasonType))
  const opening: Statement = {
    sql: `INSERT INTO moderation_case (subject, did, opened_by, state, reasons, opened_at, reported_at, changed_at)
          VALUES (?, ?, ?, 'open', '{}', ?, ?, ?)`,
    params: [key, subject.did, isLimited ? by : null, now, now, now],
  }
  const ofCase = `(SELECT n FROM moderation_case WHERE subject = ? AND state <> 'closed')`
  return [
    ...(known === undefined ? [opening] : []),
    {
      sql: `INSERT INTO moderation_entry (id, case_n, at, kind, actor, what, text, cid)
            VALUES (?, ${ofCase}, ?, 'report', ?, ?, ?, ?)`,
      params: [
        ...[id, key, now, by, reasonType.slice(0, 200)],
        ...[text?.slice(0, MAX_CASE_TEXT) ?? null, cid ?? null],
      ],
    },
    {
      sql: `DELETE FROM moderation_entry WHERE kind = 'report' AND case_n = ${ofCase} AND n <= (
              SELECT n FROM moderation_entry WHERE kind = 'report' AND case_n = ${ofCase}
              ORDER BY n DESC LIMIT 1 OFFSET ?)`,
      params: [key, key, MAX_REPORTS_PER_CASE],
    },
    {
      sql: `UPDATE moderation_case SET reporters = reporters + ?, reasons = ?, reported_at = ?, changed_at = ?,
              entries = (SELECT count(*) FROM moderation_entry WHERE case_n = moderation_case.n)
            WHERE subject = ? AND state <> 'closed'`,
      params: [reporters, reasons, now, now, key],
    },
  ]
}

function countedReasons(stored: string, kind: ReasonKind): string {
  const reasons = JSON.parse(stored) as Partial<Record<ReasonKind, number>>
  return JSON.stringify({ ...reasons, [kind]: (reasons[kind] ?? 0) + 1 })
}

async function mustBeHere({ sql }: Directory, did: string): Promise<void> {
  const account = await sql.first(
    `SELECT 1 FROM account WHERE did = ? AND reserved_until IS NULL AND status <> 'deleted'`,
    did,
  )
  if (account === undefined) {
    throw invalidRequest('The subject is not an account of this server', 'SubjectNotFound')
  }
}
