/** Moderation cases: lists for the queue, one case with what was done about it, and changes. */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import {
  type CaseDecision,
  type CaseState,
  type CaseSubject,
  type ReasonKind,
  subjectOfKey,
} from '#src/rules/moderation-cases.ts'

export interface CaseView extends CaseSubject {
  /** The number of the case. */
  id: number
  /** Null, like `tenant`, if the account has been deleted. */
  handle: string | null
  tenant: string | null
  state: CaseState
  decision: CaseDecision | null
  /** How many have reported it. */
  reporters: number
  /** The number of reports by kind. */
  reasons: { reason: ReasonKind; count: number }[]
  /** ISO 8601. */
  openedAt: string
  reportedAt: string
  changedAt: string
}

interface Row {
  n: number
  subject: string
  handle: string | null
  tenant: string | null
  state: CaseState
  decision: CaseDecision | null
  reporters: number
  reasons: string
  openedAt: number
  reportedAt: number
  changedAt: number
}

const selectCases = `SELECT n, subject, account.handle, account.tenant, state, decision, reporters, reasons,
    opened_at AS openedAt, reported_at AS reportedAt, changed_at AS changedAt
  FROM moderation_case LEFT JOIN account ON account.did = moderation_case.did`

export interface CaseFilter {
  /** `unresolved`: open or escalated. */
  state?: CaseState | 'unresolved'
  tenant?: string
  did?: string
  reason?: ReasonKind
  /** Default: by the newest report. */
  sort?: 'newest' | 'reports'
  limit: number
  cursor?: string
}

/** Throws 400 for a malformed cursor. */
export async function listCases(
  { sql }: Directory,
  { state, tenant, did, reason, sort = 'newest', limit, cursor }: CaseFilter,
): Promise<{ cases: CaseView[]; cursor?: string }> {
  if (cursor !== undefined && !/^\d{1,15}:\d{1,15}$/.test(cursor)) {
    throw invalidRequest('Malformed cursor')
  }
  const [value, n] = cursor?.split(':').map(Number) ?? [Number.MAX_SAFE_INTEGER, 0]
  const order = sort === 'reports' ? 'reporters' : 'reported_at'
  const rows = await sql.all<Row>(
    `${selectCases} WHERE (${order}, n) < (?1, ?2)
       AND (?3 IS NULL OR state = ?3 OR (?3 = 'unresolved' AND state <> 'closed'))
       AND (?4 IS NULL OR account.tenant = ?4) AND (?5 IS NULL OR moderation_case.did = ?5)
       AND (?6 IS NULL OR reasons ->> ?6 IS NOT NULL)
     ORDER BY ${order} DESC, n DESC LIMIT ?7`,
    ...[value!, n!, state ?? null, tenant ?? null, did ?? null, reason ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  const at = sort === 'reports' ? last?.reporters : last?.reportedAt
  return { cases: rows.map(caseOf), ...(last && { cursor: `${at}:${last.n}` }) }
}

/** Null if there is no such case or, with `tenant`, if its account is not one of the tenant. */
export async function getCase(
  { sql }: Directory,
  { id, tenant }: { id: number; tenant?: string },
): Promise<CaseView | null> {
  const row = await sql.first<Row>(
    `${selectCases} WHERE n = ?1 AND (?2 IS NULL OR account.tenant = ?2)`,
    ...[id, tenant ?? null],
  )
  return row === undefined ? null : caseOf(row)
}

export async function countCases({ sql }: Directory): Promise<{ open: number; escalated: number }> {
  const rows = await sql.all<{ state: string; n: number }>(
    `SELECT state, count(*) AS n FROM moderation_case WHERE state <> 'closed' GROUP BY state`,
  )
  const count = (state: CaseState) => rows.find((row) => row.state === state)?.n ?? 0
  return { open: count('open'), escalated: count('escalated') }
}

function caseOf({ n, subject, reasons, openedAt, reportedAt, changedAt, ...row }: Row): CaseView {
  const counts = Object.entries(JSON.parse(reasons) as Record<ReasonKind, number>)
  return {
    ...{ id: n, ...subjectOfKey(subject), ...row },
    reasons: counts
      .map(([reason, count]) => ({ reason: reason as ReasonKind, count }))
      .toSorted((a, b) => b.count - a.count),
    ...{ openedAt: isoTime(openedAt), reportedAt: isoTime(reportedAt) },
    changedAt: isoTime(changedAt),
  }
}
