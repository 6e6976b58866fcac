/** The invite codes of one account, and those that it earns as time goes by (com.atproto.server.getAccountInviteCodes). */
import { type InviteCode, invitesByAccount } from '#src/directory/admin-invite-codes.ts'
import { insertInviteCodes, newInviteCode } from '#src/directory/invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'

/** How accounts earn codes: one each `intervalMs`, and nothing for the time before `epochMs` (since 1970). */
export interface InviteSchedule {
  /** The service's; codes begin with it. */
  hostname: string
  intervalMs: number
  epochMs: number
}

/** How many earned codes may be waiting for somebody to use them. */
const MAX_UNUSED = 5

/**
 * The codes of an account that are not disabled, after giving it those that it has earned, if `earning` is said.
 * Throws 400 NotFound for a deactivated account, 401 AccountTakedown, 403 AccountNotFound.
 */
export async function getAccountInviteCodes(
  directory: Directory,
  { did, includeUsed, earning }: { did: string; includeUsed: boolean; earning?: InviteSchedule },
): Promise<{ codes: InviteCode[] }> {
  if (earning !== undefined) await earn(directory, did, earning)
  else await ownerOf(directory, did)
  const { [did]: found } = await invitesByAccount(directory, { dids: [did] })
  const codes = found?.invites ?? []
  return {
    codes: codes.filter(({ disabled, uses, available }) => {
      return !disabled && (includeUsed || uses.length < available)
    }),
  }
}

/** In the lane, one after another for each account: nobody earns a code twice. */
async function earn(directory: Directory, did: string, earning: InviteSchedule): Promise<void> {
  await directory.lane.write([did], async (now) => {
    const { createdAt, invitesDisabled } = await ownerOf(directory, did)
    const { [did]: found } = await invitesByAccount(directory, { dids: [did] })
    const count = codesToEarn({ createdAt, codes: found?.invites ?? [], now, ...earning })
    const codes = Array.from({ length: count }, () => ({
      code: newInviteCode(earning.hostname),
      forAccount: did,
      createdBy: did,
      // Those who may invite nobody go on earning, for nothing.
      disabled: invitesDisabled,
    }))
    return { answer: undefined, statements: insertInviteCodes(codes, 1, now) }
  })
}

/**
 * How many codes an account has earned and not been given; times are milliseconds since 1970. Each whole interval of
 * its life gives one, those that were over at the epoch do not; codes made by the admin don't count.
 */
function codesToEarn(life: {
  createdAt: number
  codes: readonly InviteCode[]
  now: number
  intervalMs: number
  epochMs: number
}): number {
  const { createdAt, now, intervalMs, epochMs } = life
  const intervalsAt = (time: number) => Math.floor((time - createdAt) / intervalMs)
  const earned = intervalsAt(now) - (createdAt >= epochMs ? 0 : intervalsAt(epochMs))
  const own = life.codes.filter(({ createdBy }) => createdBy !== 'admin')
  const given = own.filter((code) => Date.parse(code.createdAt) > epochMs).length
  const open = own.filter(({ disabled, available, uses }) => !disabled && available > uses.length)
  return Math.max(0, Math.min(MAX_UNUSED - open.length, earned - given))
}

interface Owner {
  status: string
  createdAt: number
  invitesDisabled: boolean
}

async function ownerOf({ sql }: Directory, did: string): Promise<Owner> {
  const row = await sql.first<Omit<Owner, 'invitesDisabled'> & { invitesDisabled: number }>(
    `SELECT status, created_at AS createdAt, invites_disabled AS invitesDisabled FROM account
     WHERE did = ? AND reserved_until IS NULL`,
    did,
  )
  if (row === undefined || row.status === 'deleted') {
    throw forbidden('Account not found', 'AccountNotFound')
  }
  if (row.status === 'takendown' || row.status === 'suspended') {
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  if (row.status !== 'active') throw invalidRequest('Account not found', 'NotFound')
  return { ...row, invitesDisabled: row.invitesDisabled !== 0 }
}
