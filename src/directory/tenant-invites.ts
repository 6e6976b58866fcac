/** Invite codes of tenants. An account that signs up with one is the tenant's, and may have a handle under its domains. */
import { insertInviteCodes } from '#src/directory/invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { mustFindTenant } from '#src/directory/tenants.ts'
import { addTenantEvent } from '#src/directory/webhook-events.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

const MAX_CODES = 10_000

/** The owner of the codes in `invite_code.for_account`, in place of a DID. */
const ofTenant = (tenant: string) => `tenant:${tenant}`

export interface TenantInvite {
  code: string
  /** How often the code may be used in all. */
  uses: number
  used: number
  disabled: boolean
  /** ISO 8601. */
  createdAt: string
  createdBy: string
}

/** Idempotent for the same codes. Throws 400 TenantNotFound, 413 QuotaExceeded. */
export async function createTenantInvites(
  directory: Directory,
  {
    tenant,
    codes,
    uses,
    by,
  }: { tenant: string; codes: readonly string[]; uses: number; by: string },
): Promise<void> {
  const forAccount = ofTenant(tenant)
  await directory.lane.write([`invites of ${forAccount}`], async (now) => {
    await mustFindTenant(directory, tenant)
    const counted = await directory.sql.first<{ n: number }>(
      'SELECT count(*) AS n FROM invite_code WHERE for_account = ?',
      forAccount,
    )
    if ((counted?.n ?? 0) + codes.length > MAX_CODES) {
      const message = `A tenant may have ${MAX_CODES} invite codes at most`
      throw new XrpcError(413, 'QuotaExceeded', message)
    }
    const rows = codes.map((code) => ({ code, forAccount, createdBy: by, disabled: false }))
    return { answer: undefined, statements: insertInviteCodes(rows, uses, now) }
  })
}

/** Ordered by code; the cursor is the last code of a page. Accounts that are being created do not count as uses. */
export async function listTenantInvites(
  { sql }: Directory,
  { tenant, limit, cursor = '' }: { tenant: string; limit: number; cursor?: string },
): Promise<{ invites: TenantInvite[]; cursor?: string }> {
  const rows = await sql.all<Omit<TenantInvite, 'disabled'> & { disabled: number }>(
    `SELECT code, available_uses AS uses, disabled, created_at AS createdAt,
       created_by AS createdBy,
       (SELECT count(*) FROM invite_code_use AS use LEFT JOIN account ON account.did = use.used_by
        WHERE use.code = invite_code.code AND reserved_until IS NULL) AS used
     FROM invite_code WHERE for_account = ? AND code > ? ORDER BY code LIMIT ?`,
    ofTenant(tenant),
    cursor,
    limit,
  )
  const invites = rows.map((row) => ({ ...row, disabled: row.disabled !== 0 }))
  const last = rows.length < limit ? undefined : rows.at(-1)
  return { invites, ...(last && { cursor: last.code }) }
}

/** Ignores codes that are not the tenant's. */
export async function disableTenantInvites(
  directory: Directory,
  { tenant, codes }: { tenant: string; codes: readonly string[] },
): Promise<void> {
  const statement = {
    sql: `UPDATE invite_code SET disabled = 1
          WHERE for_account = ? AND code IN (SELECT value FROM json_each(?))`,
    params: [ofTenant(tenant), JSON.stringify(codes)],
  }
  await directory.lane.write([], async () => ({ answer: undefined, statements: [statement] }))
}

/** Throws 400 InvalidInviteCode unless the code is one of the tenant's. */
export async function mustBeInviteOf(
  { sql }: Directory,
  { tenant, code }: { tenant: string; code: string },
): Promise<void> {
  const row = await sql.first(
    'SELECT 1 FROM invite_code WHERE code = ? AND for_account = ?',
    code,
    ofTenant(tenant),
  )
  if (row !== undefined) return
  throw invalidRequest('Provided invite code not available', 'InvalidInviteCode')
}

/** For the webhooks: an account has signed up with a code of the tenant. */
export async function inviteUsed(
  { sql }: Directory,
  { did, tenant }: { did: string; tenant: string },
  now: number,
): Promise<Statement[]> {
  const use = await sql.first<{ code: string }>(
    'SELECT code FROM invite_code_use WHERE used_by = ?',
    did,
  )
  if (use === undefined) return []
  const id = `invite_${did.replaceAll(/[^a-zA-Z0-9]/g, '_').slice(0, 80)}_${now}`
  return addTenantEvent({ tenant, id, type: 'invite.used', data: { did, code: use.code } }, now)
}
