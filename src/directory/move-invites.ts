/**
 * Invitations of accounts of other servers to move here. Each has an invite code of its own, which no other account may use,
 * and which may make the account a tenant's.
 */
import { insertInviteCodes } from '#src/directory/invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { mustFindTenant } from '#src/directory/tenants.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { insertRows } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

/** On the whole server. */
const MAX_INVITES = 100_000

/** `here`: the account is on this server, whatever its status. */
export type MoveInviteState = 'invited' | 'moving' | 'here'

export interface NewMoveInvite {
  did: string
  /** At the other server. */
  handle: string
  keepsHandle: boolean
  email: string | null
  /** Used if it is not invited yet. */
  code: string
}

export interface MoveInvite extends NewMoveInvite {
  /** The URL of the other server, without a trailing slash. */
  server: string
  state: MoveInviteState
  /** ISO 8601. */
  invitedAt: string
  mailedAt: string | null
}

interface Row extends Omit<MoveInvite, 'keepsHandle' | 'invitedAt' | 'mailedAt'> {
  keepsHandle: number
  invitedAt: number
  mailedAt: number | null
}

/** An account that moves here is deactivated, and to be deleted if it does not arrive: then it is where it was. */
const state = `CASE WHEN account.did IS NULL OR account.reserved_until IS NOT NULL OR account.status = 'deleted'
    THEN 'invited'
  WHEN account.status = 'deactivated' AND account.delete_after IS NOT NULL THEN 'moving'
  ELSE 'here' END`
const from = 'FROM move_invite AS invite LEFT JOIN account ON account.did = invite.did'
const columns = `invite.did, server, invite.handle, keeps_handle AS keepsHandle,
  invite.email, code, invited_at AS invitedAt, mailed_at AS mailedAt, ${state} AS state`

/**
 * An account that is already invited keeps its code; the rest is updated. Throws 400 TenantNotFound, 413 QuotaExceeded.
 */
export async function addMoveInvites(
  directory: Directory,
  input: {
    server: string
    tenant: string | null
    accounts: readonly NewMoveInvite[]
  },
): Promise<MoveInvite[]> {
  const { server, tenant, accounts } = input
  const json = JSON.stringify(accounts.map(({ did }) => did))
  await directory.lane.write(['move invites'], async (now) => {
    if (tenant !== null) await mustFindTenant(directory, tenant)
    const known = await directory.sql.all<{ did: string }>(
      'SELECT did FROM move_invite WHERE did IN (SELECT value FROM json_each(?))',
      json,
    )
    const isKnown = new Set(known.map(({ did }) => did))
    // One may be named twice, such as by its handle and its DID: no code is to be left over.
    const added = accounts.filter(({ did }) => !isKnown.has(did) && isKnown.add(did))
    const counted = await directory.sql.first<{ n: number }>(
      'SELECT count(*) AS n FROM move_invite',
    )
    if ((counted?.n ?? 0) + added.length > MAX_INVITES) {
      throw new XrpcError(413, 'QuotaExceeded', `At most ${MAX_INVITES} accounts may be invited`)
    }
    const forAccount = tenant === null ? 'admin' : `tenant:${tenant}`
    const shared = { forAccount, createdBy: 'admin', disabled: false }
    const rows = accounts.map(({ did, handle, keepsHandle, email, code }) => {
      return [did, server, handle, keepsHandle ? 1 : 0, email, code, now]
    })
    if (rows.length === 0) return { answer: undefined, statements: [] }
    const insert = insertRows(
      'INSERT INTO move_invite (did, server, handle, keeps_handle, email, code, invited_at)',
      rows,
    )
    const update = `ON CONFLICT (did) DO UPDATE SET server = excluded.server,
      handle = excluded.handle, keeps_handle = excluded.keeps_handle,
      email = coalesce(excluded.email, email)`
    return {
      answer: undefined,
      statements: [
        ...insertInviteCodes(
          added.map(({ code }) => ({ ...shared, code })),
          1,
          now,
        ),
        { ...insert, sql: `${insert.sql} ${update}` },
      ],
    }
  })
  const rows = await directory.sql.all<Row>(
    `SELECT ${columns} ${from} WHERE invite.did IN (SELECT value FROM json_each(?))
     ORDER BY invite.did`,
    json,
  )
  return rows.map(viewOf)
}

export async function findMoveInvite(
  { sql }: Directory,
  { did }: { did: string },
): Promise<MoveInvite | null> {
  const row = await sql.first<Row>(`SELECT ${columns} ${from} WHERE invite.did = ?`, did)
  return row === undefined ? null : viewOf(row)
}

/** Ordered by DID, which is the cursor. */
export async function listMoveInvites(
  { sql }: Directory,
  input: { server?: string; state?: MoveInviteState; limit: number; cursor?: string },
): Promise<{ invites: MoveInvite[]; cursor?: string }> {
  const { server, state: only, limit, cursor = '' } = input
  const rows = await sql.all<Row>(
    `SELECT ${columns} ${from} WHERE invite.did > ?1 AND (?2 IS NULL OR server = ?2)
       AND (?3 IS NULL OR ${state} = ?3) ORDER BY invite.did LIMIT ?4`,
    ...[cursor, server ?? null, only ?? null, limit],
  )
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { invites: rows.map(viewOf), ...(last && { cursor: last.did }) }
}

export async function countMoveInvites(
  { sql }: Directory,
  { server }: { server?: string },
): Promise<Record<MoveInviteState, number>> {
  const rows = await sql.all<{ state: MoveInviteState; n: number }>(
    `SELECT ${state} AS state, count(*) AS n ${from} WHERE (?1 IS NULL OR server = ?1) GROUP BY 1`,
    server ?? null,
  )
  const counts = Object.fromEntries(rows.map(({ state, n }) => [state, n]))
  return { invited: 0, moving: 0, here: 0, ...counts }
}

export async function recordInviteMail(
  { lane }: Directory,
  { did }: { did: string },
): Promise<void> {
  const sql = 'UPDATE move_invite SET mailed_at = ? WHERE did = ?'
  await lane.write([did], async (now) => {
    return { answer: undefined, statements: [{ sql, params: [now, did] }] }
  })
}

/** Their codes can no longer be used. A move that has begun goes on. */
export async function removeMoveInvites(
  { lane }: Directory,
  { dids }: { dids: readonly string[] },
): Promise<void> {
  const json = JSON.stringify(dids)
  const invited = 'FROM move_invite WHERE did IN (SELECT value FROM json_each(?))'
  await lane.write(['move invites', ...dids], async () => ({
    answer: undefined,
    statements: [
      {
        sql: `UPDATE invite_code SET disabled = 1 WHERE code IN (SELECT code ${invited})`,
        params: [json],
      },
      { sql: `DELETE ${invited}`, params: [json] },
    ],
  }))
}

/** Throws 400 InvalidInviteCode if the code is the invitation of another account. */
export async function mustBeInvited(
  { sql }: Directory,
  { did, code }: { did: string; code: string },
): Promise<void> {
  const row = await sql.first('SELECT 1 FROM move_invite WHERE code = ? AND did <> ?', code, did)
  if (row === undefined) return
  throw invalidRequest('Provided invite code not available', 'InvalidInviteCode')
}

function viewOf({ keepsHandle, invitedAt, mailedAt, ...row }: Row): MoveInvite {
  return {
    ...row,
    keepsHandle: keepsHandle !== 0,
    invitedAt: isoTime(invitedAt),
    mailedAt: mailedAt === null ? null : isoTime(mailedAt),
  }
}
