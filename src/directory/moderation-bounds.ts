/** Bounds of reports: how many an account may make, and which cases are deleted to make room when there are too many. */
import type { NewReport } from '#src/directory/moderation-reports.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { unavailable, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** Of an account, in a day. */
export const MAX_REPORTS_PER_DAY = 20
/** Open cases that one account has opened. */
export const MAX_CASES_PER_REPORTER = 100
export const MAX_CASES = 20_000
/** Of all cases. */
export const MAX_ENTRIES = 200_000
/** The share of both that the reports of accounts may fill. The rest is for operators and the moderation service. */
export const REPORTERS_SHARE = 0.9
/** Cases that nothing has changed for two years are deleted. */
export const CASES_KEPT_MS = 731 * 24 * 60 * 60_000

const DAY_MS = 86_400_000
const MAX_REMOVED = 100

/** Throws 429 if the account has made too many reports today, or if its report `opens` a case and it has opened too many. */
export async function mustHaveReportsLeft(
  { sql }: Directory,
  { by, opens }: { by: string; opens: boolean },
  now: number,
): Promise<void> {
  const made = await sql.all<{ at: number }>(
    `SELECT at FROM moderation_entry WHERE kind = 'report' AND actor = ? AND at > ?
     ORDER BY at DESC LIMIT ?`,
    ...[by, now - DAY_MS, MAX_REPORTS_PER_DAY],
  )
  if (made.length === MAX_REPORTS_PER_DAY) {
    const waitS = Math.ceil((made.at(-1)!.at + DAY_MS - now) / 1_000)
    throw new XrpcError(429, 'RateLimitExceeded', 'Too many reports of this account today', {
      'retry-after': String(waitS),
    })
  }
  if (!opens) return
  const opened = await sql.first<{ n: number }>(
    `SELECT count(*) AS n FROM moderation_case WHERE opened_by = ? AND state <> 'closed'`,
    by,
  )
  if ((opened?.n ?? 0) < MAX_CASES_PER_REPORTER) return
  throw new XrpcError(429, 'RateLimitExceeded', 'Too many reports of this account are undecided')
}

/**
 * Deletes cases that are too old and, if there are too many, closed ones, beginning with those that have not changed for longest;
 * if there are none, those that would be missed least. Throws 503 TooManyCases if nothing can be deleted.
 */
export async function makeRoom(
  { sql }: Directory,
  { isLimited }: Pick<NewReport, 'isLimited'>,
  known: { n: number } | undefined,
  now: number,
): Promise<Statement[]> {
  const counted = await sql.first<{ cases: number; entries: number; newest: number }>(
    `SELECT count(*) AS cases, coalesce(sum(entries), 0) AS entries, coalesce(max(n), 0) AS newest
     FROM moderation_case`,
  )
  const { cases = 0, entries = 0, newest = 0 } = counted ?? {}
  const share = isLimited ? REPORTERS_SHARE : 1
  const isFull =
    entries >= MAX_ENTRIES * share || (known === undefined && cases >= MAX_CASES * share)
  const ended = await sql.all<{ n: number }>(
    `SELECT n FROM moderation_case WHERE n < ?1 AND n <> ?5
       AND (changed_at <= ?2 OR (?3 AND state = 'closed')) ORDER BY changed_at LIMIT ?4`,
    ...[newest, now - CASES_KEPT_MS, isFull ? 1 : 0, MAX_REMOVED, known?.n ?? 0],
  )
  const removed =
    isFull && ended.length === 0
      ? await sql.all<{ n: number }>(leastMissed, newest, known?.n ?? 0, MAX_REMOVED)
      : ended
  if (isFull && removed.length === 0) throw unavailable('Too many cases are open', 'TooManyCases')
  return removed.flatMap(({ n }) => [
    { sql: 'DELETE FROM moderation_entry WHERE case_n = ?', params: [n] },
    { sql: 'DELETE FROM moderation_case WHERE n = ?', params: [n] },
  ])
}

// Cases that one reporter has opened and nobody has looked at, beginning with the oldest of the reporter that has opened
// most: so accounts that report everything push out their own reports, and not those of others.
const leastMissed = `
  SELECT n FROM moderation_case JOIN (
    SELECT opened_by, count(*) AS opened FROM moderation_case
    WHERE opened_by IS NOT NULL AND state <> 'closed' GROUP BY opened_by HAVING count(*) > 1
  ) USING (opened_by)
  WHERE state = 'open' AND reporters = 1 AND entries = 1 AND n < ?1 AND n <> ?2
  ORDER BY opened DESC, changed_at LIMIT ?3`
