/** What relays say of this server as a whole: asked by one gateway at a time, kept here for all of them. */
import type { Directory } from '#src/directory/open-directory.ts'

/** Accounts older than this when a relay is first asked are not new ones: its rolling sample finds them. */
const FIRST_NEW_MS = 30 * 24 * 60 * 60_000

/** Times in ms since 1970; null where it is not known. */
export interface RelayAnswer {
  status: string | null
  accounts: number | null
  seq: number | null
  lagMs: number | null
  /** Null if it answered. */
  error: string | null
}

export interface Relay extends RelayAnswer {
  url: string
  /** Null if it was not asked yet. */
  askedAt: number | null
  nextAt: number
  failures: number
  accountLimit: number | null
  /** How many of the accounts that were asked for have a status there: `{ active: 100, throttled: 43 }`. */
  asked: Record<string, number>
}

/** The relays of `urls` that were asked before, in order of their URLs. */
export async function listRelays(
  { sql }: Directory,
  { urls }: { urls: readonly string[] },
): Promise<Relay[]> {
  const rows = await sql.all<Omit<Relay, 'asked'> & { asked: string }>(
    `SELECT url, asked_at AS askedAt, next_at AS nextAt, failures, error, status, accounts, seq,
       lag_ms AS lagMs, account_limit AS accountLimit,
       (SELECT json_group_object(status, n) FROM
         (SELECT status, count(*) AS n FROM relay_account WHERE relay = url GROUP BY status)
       ) AS asked
     FROM relay WHERE url IN (SELECT value FROM json_each(?)) ORDER BY url`,
    JSON.stringify(urls),
  )
  return rows.map((row) => ({ ...row, asked: JSON.parse(row.asked) as Record<string, number> }))
}

/** Stores what a relay said, and forgets the relays that are not in `urls`, the configured ones. */
export async function recordRelay(
  { lane }: Directory,
  input: RelayAnswer & { url: string; urls: readonly string[]; nextAt: number; failures: number },
): Promise<void> {
  const { url, nextAt, failures, error, status, accounts, seq, lagMs } = input
  const others = 'NOT IN (SELECT value FROM json_each(?))'
  const urls = JSON.stringify(input.urls)
  await lane.write(['relays'], async (now) => ({
    answer: undefined,
    statements: [
      { sql: `DELETE FROM relay_account WHERE relay ${others}`, params: [urls] },
      { sql: `DELETE FROM relay WHERE url ${others}`, params: [urls] },
      insertRelay(url, now),
      {
        sql: `UPDATE relay SET asked_at = ?, next_at = ?, failures = ?, error = ?, status = ?,
                accounts = ?, seq = ?, lag_ms = ? WHERE url = ?`,
        params: [now, nextAt, failures, error, status, accounts, seq, lagMs, url],
      },
    ],
  }))
}

/** The number of accounts that the relay's operator has granted to this server; null if that is not known. */
export async function setRelayLimit(
  { lane }: Directory,
  { url, limit }: { url: string; limit: number | null },
): Promise<void> {
  const sql = 'UPDATE relay SET account_limit = ? WHERE url = ?'
  await lane.write(['relays'], async (now) => ({
    answer: undefined,
    statements: [insertRelay(url, now), { sql, params: [limit, url] }],
  }))
}

function insertRelay(url: string, now: number) {
  return {
    sql: `INSERT OR IGNORE INTO relay
            (url, next_at, failures, newest_created_at, newest_did, sampled_did)
          VALUES (?, ?, 0, ?, '', '')`,
    params: [url, now, now - FIRST_NEW_MS],
  }
}
