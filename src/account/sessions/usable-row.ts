/** The row of an account whose sessions are usable. */
import type { Account } from '#src/account/account.ts'
import type { ProfileRow } from '#src/account/profile.ts'
import { forbidden } from '#src/errors.ts'
import { mustManage } from '#src/rules/states.ts'

/** Throws 403 AccountNotFound if the account does not exist, and 401 AccountTakedown. */
export async function usableRow(account: Account): Promise<ProfileRow> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') {
    throw forbidden('Account not found', 'AccountNotFound')
  }
  mustManage(row.status)
  return row
}
