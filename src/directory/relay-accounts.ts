/**
 * What relays say of single accounts. Each relay is asked for every new account, again for those that it did not report
 * as active, and for a rolling sample of the others.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const HOUR_MS = 60 * 60_000
/** After this long a relay is asked again for an account that was not active there. */
const AGAIN_MS = HOUR_MS
/** The sample leaves out accounts that were asked for within this time. */
const FRESH_MS = 24 * HOUR_MS
/** Accounts of which the sample takes those that are due, at a time. */
const WINDOW = 1_000
/** For each relay. Those that are active there go first, and of these the oldest. */
export const MAX_KEPT = 50_000

export interface AccountsToAsk {
  /** `createdAt` only of new ones, which come first, in this order. */
  accounts: AccountToAsk[]
  /** The last account that the sample has looked at; empty at the end of a pass. */
  sampled: string
}

export interface AccountToAsk {
  did: string
  createdAt?: number
}

export interface RelayAccount {
  did: string
  handle: string
  relay: string
  status: string
  /** ISO 8601. */
  askedAt: string
}

/**
 * The accounts that a relay should be asked for next, active ones only: new ones, once they are `settledMs` old; then
 * those that were not active there; then the sample.
 */
export async function listAccountsToAsk(
  { sql, clock }: Directory,
  { url, limit, settledMs }: { url: string; limit: number; settledMs: number },
): Promise<AccountsToAsk> {
  const now = clock.now()
  const relay = await sql.first<{ createdAt: number; did: string; sampled: string }>(
    `SELECT newest_created_at AS createdAt, newest_did AS did, sampled_did AS sampled
     FROM relay WHERE url = ?`,
    url,
  )
  if (relay === undefined) return { accounts: [], sampled: '' }
  const recent = await sql.all<{ did: string; createdAt: number }>(
    `SELECT did, created_at AS createdAt FROM account
     WHERE reserved_until IS NULL AND (created_at, did) > (?, ?) AND created_at <= ?
       AND status = 'active' ORDER BY created_at, did LIMIT ?`,
    relay.createdAt,
    relay.did,
    now - settledMs,
    limit,
  )
  const again = await sql.all<{ did: string }>(
    `SELECT did FROM relay_account WHERE relay = ? AND status <> 'active' AND asked_at <= ?
     ORDER BY asked_at LIMIT ?`,
    url,
    now - AGAIN_MS,
    limit - recent.length,
  )
  const accounts: AccountToAsk[] = [...recent, ...again]
  const sample = { sql, now, url, settledMs, room: limit - accounts.length }
  const { dids, last } = await takeSample(sample, relay.sampled)
  const known = new Set(accounts.map(({ did }) => did))
  const others = dids.filter((did) => !known.has(did)).map((did) => ({ did }))
  return { accounts: [...accounts, ...others], sampled: last }
}

/** Up to `room` accounts after `after`, and the last one that was looked at. */
async function takeSample(
  of: Pick<Directory, 'sql'> & { now: number; url: string; room: number; settledMs: number },
  after: string,
): Promise<{ dids: string[]; last: string }> {
  if (of.room < 1) return { dids: [], last: after }
  const rows = await of.sql.all<{ did: string; isDue: number }>(
    `SELECT did, status = 'active' AND created_at <= ?3 AND
       NOT EXISTS (SELECT 1 FROM relay_account
         WHERE relay_account.did = page.did AND relay = ?2 AND asked_at > ?4) AS isDue
     FROM (SELECT did, status, created_at FROM account
       WHERE did > ?1 AND reserved_until IS NULL ORDER BY did LIMIT ${WINDOW}) AS page ORDER BY did`,
    after,
    of.url,
    of.now - of.settledMs,
    of.now - FRESH_MS,
  )
  const due = rows.filter(({ isDue }) => isDue).map(({ did }) => did)
  const dids = due.slice(0, of.room)
  if (due.length > dids.length) return { dids, last: dids.at(-1)! }
  return { dids, last: rows.length < WINDOW ? '' : rows.at(-1)!.did }
}

/** Stores what a relay said of accounts; leaves out those that are not active here any more. */
export async function recordRelayAccounts(
  { lane }: Directory,
  input: {
    url: string
    accounts: readonly { did: string; status: string }[]
    newest?: { createdAt: number; did: string }
    sampled?: string
  },
): Promise<void> {
  const { url, accounts, newest, sampled } = input
  const subjects = ['relays', ...accounts.map(({ did }) => did)]
  const cursors: Statement[] = []
  if (newest !== undefined) {
    const sql = 'UPDATE relay SET newest_created_at = ?, newest_did = ? WHERE url = ?'
    cursors.push({ sql, params: [newest.createdAt, newest.did, url] })
  }
  if (sampled !== undefined) {
    cursors.push({
      sql: 'UPDATE relay SET sampled_did = ? WHERE url = ?',
      params: [sampled, url],
    })
  }
  await lane.write(subjects, async (now) => ({
    answer: undefined,
    statements: [
      {
        sql: `INSERT INTO relay_account (did, relay, status, asked_at)
              SELECT account.did, ?1, said.value ->> 'status', ?2
              FROM json_each(?3) AS said JOIN account ON account.did = said.value ->> 'did'
              WHERE account.status = 'active' AND EXISTS (SELECT 1 FROM relay WHERE url = ?1)
              ON CONFLICT (did, relay) DO UPDATE
                SET status = excluded.status, asked_at = excluded.asked_at`,
        params: [url, now, JSON.stringify(accounts)],
      },
      deleteOldest(url),
      ...cursors,
    ],
  }))
}

function deleteOldest(url: string): Statement {
  const kept = '(SELECT count(*) FROM relay_account WHERE relay = ?1)'
  return {
    sql: `DELETE FROM relay_account WHERE relay = ?1 AND did IN
            (SELECT did FROM relay_account WHERE relay = ?1
             ORDER BY status <> 'active', asked_at LIMIT max(0, ${kept} - ?2))`,
    params: [url, MAX_KEPT],
  }
}

/** For an account that is not active here any more. */
export function deleteRelayAccounts(did: string): Statement {
  return { sql: 'DELETE FROM relay_account WHERE did = ?', params: [did] }
}

/** Those with `status`, or all that are not active there; in order of their DIDs, after `cursor`, a DID. */
export async function listRelayAccounts(
  { sql }: Directory,
  { url, status, cursor = '', limit }: RelayAccountFilter,
): Promise<{ accounts: RelayAccount[]; cursor?: string }> {
  const rows = await sql.all<Omit<RelayAccount, 'askedAt'> & { askedAt: number }>(
    `SELECT did, handle, relay, relay_account.status AS status, asked_at AS askedAt
     FROM relay_account JOIN account USING (did)
     WHERE relay = ?1 AND did > ?2 AND iif(?3 IS NULL, relay_account.status <> 'active',
       relay_account.status = ?3)
     ORDER BY did LIMIT ?4`,
    url,
    cursor,
    status ?? null,
    limit,
  )
  const accounts = rows.map((row) => ({ ...row, askedAt: isoTime(row.askedAt) }))
  const last = rows.at(-1)
  return rows.length < limit || last === undefined ? { accounts } : { accounts, cursor: last.did }
}

/** What relays say of these accounts, at most 100 of them; nothing of those that they were not asked for yet. */
export async function findRelayStatuses(
  { sql }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<Pick<RelayAccount, 'did' | 'relay' | 'status'>[]> {
  return sql.all(
    `SELECT did, relay, status FROM relay_account
     WHERE did IN (SELECT value FROM json_each(?)) ORDER BY did, relay`,
    JSON.stringify(dids.slice(0, MAX_FOUND)),
  )
}

const MAX_FOUND = 100

interface RelayAccountFilter {
  url: string
  status?: string
  cursor?: string
  limit: number
}
