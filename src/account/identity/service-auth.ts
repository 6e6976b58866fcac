/** The service auth tokens of an account (com.atproto.server.getServiceAuth), signed with its repo's key. */
import { randomBytes } from 'node:crypto'
import type { Account } from '#src/account/account.ts'
import { forbidden } from '#src/errors.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { LIMITED } from '#src/rules/session-tokens.ts'
import { mustManage } from '#src/rules/states.ts'

const LIFETIME_S = 60
/** What an account that was taken down may still ask of other services: to move there, and to appeal. */
const leavingMethods: readonly (string | undefined)[] = [
  'com.atproto.server.createAccount',
  'com.atproto.moderation.createReport',
]

/**
 * A token for `aud`, a DID or `did#service`, and for the method `lxm`, or any method. Valid until `exp` (seconds since
 * 1970), or for a minute. The gateway checks whether the caller may have it, but access tokens outlive a change
 * of the status, so that is checked here. With `isLimited` the token says that it was issued to an app password, or to an
 * app without a scope of its own for the method. Throws 403 AccountNotFound, or 401 AccountTakedown.
 */
export async function getServiceAuth(
  account: Account,
  { aud, lxm, exp, isLimited }: { aud: string; lxm?: string; exp?: number; isLimited?: true },
): Promise<{ token: string }> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') {
    throw forbidden('Account not found', 'AccountNotFound')
  }
  if (!leavingMethods.includes(lxm)) mustManage(row.status)
  // What is done with the token does not name the member, so the audit log names who got it.
  if (account.actingMember !== undefined) await account.sql.batch([])
  const iat = Math.floor(account.clock.now() / 1000)
  const jti = randomBytes(16).toString('hex')
  const claims = { iat, iss: account.did, aud, exp: exp ?? iat + LIFETIME_S, lxm, jti }
  const amr = isLimited ? { amr: [LIMITED] } : {}
  return { token: createServiceToken({ ...claims, ...amr }, await account.signer()) }
}
