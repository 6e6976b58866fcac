/** Invite codes for the admin: listed with their uses, and disabled (com.atproto.admin). */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Sql, SqlValue } from '#src/ports/sql.ts'

/** com.atproto.server.defs#inviteCode. `forAccount` is a DID or `admin`, `uses` are newest first. */
export interface InviteCode {
  code: string
  /** Total number of uses, those already used included. */
  available: number
  disabled: boolean
  forAccount: string
  createdBy: string
  createdAt: string
  uses: InviteUse[]
}

interface InviteUse {
  usedBy: string
  usedAt: string
}

export interface AccountInvites {
  invites: InviteCode[]
  invitedBy?: InviteCode
  invitesDisabled: boolean
}

// Uses by accounts that are being created do not count; those by deleted accounts do.
const uses = `FROM invite_code_use AS use LEFT JOIN account AS user ON user.did = use.used_by
              WHERE user.reserved_until IS NULL`

const codes = `SELECT code, available_uses AS available, disabled, for_account AS forAccount,
                 created_by AS createdBy, created_at AS createdAt,
                 (SELECT count(*) ${uses} AND use.code = invite_code.code) AS used
               FROM invite_code`

type CodeRow = Omit<InviteCode, 'uses' | 'disabled'> & { disabled: number; used: number }

/**
 * com.atproto.admin.getInviteCodes: newest first, or most used first. `cursor` is `<ms or uses>::<code>` of the last
 * code. Throws 400 for another `sort` or a malformed `cursor`.
 */
export async function listInviteCodes(
  { sql }: Directory,
  { sort, limit, cursor }: { sort: string; limit: number; cursor?: string },
): Promise<{ codes: InviteCode[]; cursor?: string }> {
  if (sort !== 'recent' && sort !== 'usage') throw invalidRequest(`unknown sort method: ${sort}`)
  const key = sort === 'recent' ? 'createdAt' : 'used'
  const before = cursor === undefined ? undefined : parseCursor(cursor, sort)
  const rows = await sql.all<CodeRow>(
    `SELECT * FROM (${codes}) ${before === undefined ? '' : `WHERE (${key}, code) < (?, ?)`}
     ORDER BY ${key} DESC, code DESC LIMIT ?`,
    ...(before ?? []),
    limit,
  )
  const last = rows.at(-1)
  const found = await withUses(sql, rows)
  if (last === undefined) return { codes: found }
  const primary = sort === 'recent' ? Date.parse(last.createdAt) : last.used
  return { codes: found, cursor: `${primary}::${last.code}` }
}

function parseCursor(cursor: string, sort: 'recent' | 'usage'): [SqlValue, string] {
  const [, primary, code] = /^(\d{1,13})::(.+)$/.exec(cursor) ?? []
  if (primary === undefined || code === undefined) throw invalidRequest('Malformed cursor')
  return [sort === 'recent' ? new Date(Number(primary)).toISOString() : Number(primary), code]
}

export async function invitesByAccount(
  { sql }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<Record<string, AccountInvites>> {
  const list = JSON.stringify(dids)
  const among = 'IN (SELECT value FROM json_each(?))'
  const [disabled, own, used] = await Promise.all([
    sql.all<{ did: string }>(
      `SELECT did FROM account WHERE invites_disabled <> 0 AND did ${among}`,
      list,
    ),
    sql.all<CodeRow>(`${codes} WHERE for_account ${among}`, list),
    sql.all<{ did: string; code: string }>(
      `SELECT used_by AS did, code FROM invite_code_use WHERE used_by ${among}`,
      list,
    ),
  ])
  const invites = await withUses(sql, own)
  const usedCodes = await findCodes(sql, [...new Set(used.map(({ code }) => code))])
  return Object.fromEntries(
    dids.map((did) => {
      const code = used.find((use) => use.did === did)?.code
      const invitedBy = code === undefined ? undefined : usedCodes.get(code)
      const found: AccountInvites = {
        invites: invites.filter(({ forAccount }) => forAccount === did),
        invitesDisabled: disabled.some((row) => row.did === did),
        ...(invitedBy && { invitedBy }),
      }
      return [did, found]
    }),
  )
}

/** Throws 400 for `admin`. */
export async function disableInviteCodes(
  directory: Directory,
  { codes = [], accounts = [] }: { codes?: readonly string[]; accounts?: readonly string[] },
): Promise<void> {
  if (accounts.includes('admin')) throw invalidRequest('cannot disable admin invite codes')
  const statement = {
    sql: `UPDATE invite_code SET disabled = 1 WHERE code IN (SELECT value FROM json_each(?))
            OR for_account IN (SELECT value FROM json_each(?))`,
    params: [JSON.stringify(codes), JSON.stringify(accounts)],
  }
  // The same subjects as `reserveAccount`: a code must not be used and disabled in one transaction. And those with which
  // an account earns codes.
  const all = [...codes, ...(await codesOf(directory.sql, accounts))]
  const subjects = [...all.map((code) => `invite ${code}`), ...accounts]
  await directory.lane.write(subjects, async () => ({ answer: undefined, statements: [statement] }))
}

async function codesOf(sql: Sql, accounts: readonly string[]): Promise<string[]> {
  const rows = await sql.all<{ code: string }>(
    'SELECT code FROM invite_code WHERE for_account IN (SELECT value FROM json_each(?))',
    JSON.stringify(accounts),
  )
  return rows.map(({ code }) => code)
}

export async function setInvitesDisabled(
  directory: Directory,
  { did, disabled }: { did: string; disabled: boolean },
): Promise<void> {
  const statement = {
    sql: 'UPDATE account SET invites_disabled = ? WHERE did = ?',
    params: [disabled ? 1 : 0, did],
  }
  await directory.lane.write([did], async () => ({ answer: undefined, statements: [statement] }))
}

async function findCodes(
  sql: Directory['sql'],
  ids: readonly string[],
): Promise<Map<string, InviteCode>> {
  if (ids.length === 0) return new Map()
  const rows = await sql.all<CodeRow>(
    `${codes} WHERE code IN (SELECT value FROM json_each(?))`,
    JSON.stringify(ids),
  )
  return new Map((await withUses(sql, rows)).map((code) => [code.code, code]))
}

async function withUses(sql: Directory['sql'], rows: readonly CodeRow[]): Promise<InviteCode[]> {
  if (rows.every(({ used }) => used === 0)) return rows.map((row) => invite(row, []))
  const found = await sql.all<InviteUse & { code: string }>(
    `SELECT use.code AS code, use.used_by AS usedBy, use.used_at AS usedAt ${uses}
       AND use.code IN (SELECT value FROM json_each(?)) ORDER BY use.used_at DESC`,
    JSON.stringify(rows.map(({ code }) => code)),
  )
  const byCode = Map.groupBy(found, ({ code }) => code)
  return rows.map((row) => invite(row, byCode.get(row.code) ?? []))
}

function invite({ used: _, disabled, ...row }: CodeRow, used: readonly InviteUse[]): InviteCode {
  const uses = used.map(({ usedBy, usedAt }) => ({ usedBy, usedAt }))
  return { ...row, disabled: disabled !== 0, uses }
}
