/** Reports about accounts, records and blobs of this server. A report opens a case, unless one about its subject is open. */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest, unavailable, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import {
  type CaseSubject,
  type ReasonKind,
  reasonKindOf,
  subjectKey,
} from '#src/rules/moderation-cases.ts'

/** Of an account, in a day. */
export const MAX_REPORTS_PER_DAY = 20
/** Of one case; older ones are deleted. They still count. */
export const MAX_REPORTS_PER_CASE = 200
export const MAX_CASES = 20_000
/** Of all cases. */
export const MAX_ENTRIES = 200_000
/** Cases that nothing has changed for two years are deleted. */
export const CASES_KEPT_MS = 731 * 24 * 60 * 60_000
/** Characters. */
export const MAX_CASE_TEXT = 2_000

const DAY_MS = 86_400_000
const MAX_REMOVED = 100

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
 * Throws 400 SubjectNotFound if the account is not here, 429 if the reporter has made too many reports today, 503 TooManyCases
 * if there is no closed case to make room.
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
    if (report.isLimited) await mustHaveReportsLeft(directory, report.by, now)
    const known = await sql.first<OpenCase>(
      `SELECT n, reasons FROM moderation_case WHERE subject = ? AND state <> 'closed'`,
      subjectKey(report.subject),
    )
    const room = await makeRoom(directory, known, now)
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
  { id, subject, reasonType, text, cid, by }: NewReport,
  known: OpenCase | undefined,
  reporters: number,
  now: number,
): Statement[] {
  const key = subjectKey(subject)
  const reasons = countedReasons(known?.reasons ?? '{}', reasonKindOf(reasonType))
  const opening: Statement = {
    sql: `INSERT INTO moderation_case (subject, did, state, reasons, opened_at, reported_at, changed_at)
          VALUES (?, ?, 'open', '{}', ?, ?, ?)`,
    params: [key, subject.did, now, now, now],
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

async function mustHaveReportsLeft({ sql }: Directory, by: string, now: number): Promise<void> {
  const made = await sql.all<{ at: number }>(
    `SELECT at FROM moderation_entry WHERE kind = 'report' AND actor = ? AND at > ?
     ORDER BY at DESC LIMIT ?`,
    ...[by, now - DAY_MS, MAX_REPORTS_PER_DAY],
  )
  if (made.length < MAX_REPORTS_PER_DAY) return
  const waitS = Math.ceil((made.at(-1)!.at + DAY_MS - now) / 1_000)
  throw new XrpcError(429, 'RateLimitExceeded', 'Too many reports of this account today', {
    'retry-after': String(waitS),
  })
}

/** Deletes cases that are too old and, if there are too many, the closed ones that were changed first. */
async function makeRoom(
  { sql }: Directory,
  known: OpenCase | undefined,
  now: number,
): Promise<Statement[]> {
  const counted = await sql.first<{ cases: number; entries: number; newest: number }>(
    `SELECT count(*) AS cases, coalesce(sum(entries), 0) AS entries, coalesce(max(n), 0) AS newest
     FROM moderation_case`,
  )
  const { cases = 0, entries = 0, newest = 0 } = counted ?? {}
  const isFull = entries >= MAX_ENTRIES || (known === undefined && cases >= MAX_CASES)
  const removed = await sql.all<{ n: number }>(
    `SELECT n FROM moderation_case WHERE n < ?1 AND n <> ?5
       AND (changed_at <= ?2 OR (?3 AND state = 'closed')) ORDER BY changed_at LIMIT ?4`,
    ...[newest, now - CASES_KEPT_MS, isFull ? 1 : 0, MAX_REMOVED, known?.n ?? 0],
  )
  if (isFull && removed.length === 0) {
    throw unavailable('Too many cases are open', 'TooManyCases')
  }
  return removed.flatMap(({ n }) => [
    { sql: 'DELETE FROM moderation_entry WHERE case_n = ?', params: [n] },
    { sql: 'DELETE FROM moderation_case WHERE n = ?', params: [n] },
  ])
}
