/** The row of an account that its sessions may do something with. */
import type { Account } from '#src/account/account.ts'
import type { ProfileRow } from '#src/account/profile.ts'
import { forbidden } from '#src/errors.ts'
import { mustManage } from '#src/rules/states.ts'

/** Throws 403 AccountNotFound where there is no account any more, and 401 AccountTakedown. */
export async function usableRow(account: Account): Promise<ProfileRow> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') {
    throw forbidden('Account not found', 'AccountNotFound')
  }
  mustManage(row.status)
  return row
}
