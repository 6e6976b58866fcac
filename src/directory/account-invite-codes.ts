/** The invite codes of one account, which gets new ones over time (com.atproto.server.getAccountInviteCodes). */
import { type InviteCode, invitesByAccount } from '#src/directory/admin-invite-codes.ts'
import { insertInviteCodes } from '#src/directory/invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { authRequired, forbidden, invalidRequest } from '#src/errors.ts'
import { newInviteCode } from '#src/rules/invite-codes.ts'

/** Accounts earn one code every `intervalMs`; intervals that ended before `epochMs` (ms since 1970) do not count. */
export interface InviteSchedule {
  hostname: string
  intervalMs: number
  epochMs: number
}

// Limit of unused earned codes, as in the reference.
const MAX_UNUSED = 5

/**
 * The account's codes that are not disabled. With `earning`, first creates the codes that it has earned.
 * Throws 400 NotFound for a deactivated account, 401 AccountTakedown, 403 AccountNotFound.
 */
export async function getAccountInviteCodes(
  directory: Directory,
  { did, includeUsed, earning }: { did: string; includeUsed: boolean; earning?: InviteSchedule },
): Promise<{ codes: InviteCode[] }> {
  if (earning !== undefined) await earn(directory, did, earning)
  else await readOwner(directory, did)
  const { [did]: found } = await invitesByAccount(directory, { dids: [did] })
  const codes = found?.invites ?? []
  return {
    codes: codes.filter(({ disabled, uses, available }) => {
      return !disabled && (includeUsed || uses.length < available)
    }),
  }
}

// Runs in the lane with the DID as subject, so that no code is earned twice.
async function earn(directory: Directory, did: string, earning: InviteSchedule): Promise<void> {
  await directory.lane.write([did], async (now) => {
    const { createdAt, invitesDisabled } = await readOwner(directory, did)
    const { [did]: found } = await invitesByAccount(directory, { dids: [did] })
    const count = codesToEarn({ createdAt, codes: found?.invites ?? [], now, ...earning })
    const codes = Array.from({ length: count }, () => ({
      code: newInviteCode(earning.hostname),
      forAccount: did,
      createdBy: did,
      // As in the reference: accounts with disabled invites still earn codes, but disabled ones.
      disabled: invitesDisabled,
    }))
    return { answer: undefined, statements: insertInviteCodes(codes, 1, now) }
  })
}

// How many earned codes the account has yet to get. Times are ms since 1970. One code for each whole interval since the
// account was created, except those that ended before the epoch; codes created by the admin do not count.
function codesToEarn(input: {
  createdAt: number
  codes: readonly InviteCode[]
  now: number
  intervalMs: number
  epochMs: number
}): number {
  const { createdAt, now, intervalMs, epochMs } = input
  const intervalsAt = (time: number) => Math.floor((time - createdAt) / intervalMs)
  const earned = intervalsAt(now) - (createdAt >= epochMs ? 0 : intervalsAt(epochMs))
  const own = input.codes.filter(({ createdBy }) => createdBy !== 'admin')
  const created = own.filter((code) => Date.parse(code.createdAt) > epochMs).length
  const unused = own.filter(({ disabled, available, uses }) => !disabled && available > uses.length)
  return Math.max(0, Math.min(MAX_UNUSED - unused.length, earned - created))
}

interface Owner {
  status: string
  createdAt: number
  invitesDisabled: boolean
}

async function readOwner({ sql }: Directory, did: string): Promise<Owner> {
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
