/** What an account may not do any more when its user has taken it over, and not while a claim is being used (claims.ts). */
import type { Account } from '#src/account/account.ts'
import { forbidden, invalidRequest } from '#src/errors.ts'
import { Mutex } from '#src/ports/mutex.ts'

/** Of one account: two uses of one link, and a use while the platform changes how to sign in. */
const mutexes = new WeakMap<object, Mutex>()

export function claimMutex({ profile }: Account): Mutex {
  const mutex = mutexes.get(profile) ?? new Mutex()
  mutexes.set(profile, mutex)
  return mutex
}

/** Whether the user has taken the account over. */
export async function isClaimed({ sql }: Account): Promise<boolean> {
  const row = await sql.first(`SELECT 1 FROM credential WHERE kind = 'claim' AND name = 'done'`)
  return row !== undefined
}

/**
 * Runs `change` only while the user has not taken the account over, and not beside the use of a link. Throws 403
 * AlreadyClaimed.
 */
export function whileUnclaimed<T>(account: Account, change: () => Promise<T>): Promise<T> {
  return claimMutex(account).run(async () => {
    if (!(await isClaimed(account))) return change()
    throw forbidden('The user of this account has claimed it', 'AlreadyClaimed')
  })
}

/**
 * Runs `change`, by which an account may be kept, not beside the use of a link. Access tokens are not checked by the account
 * and outlive their session, also the platform's: throws 400 ExpiredToken if a claim has ended `session`.
 */
export function unlessEndedByClaim<T>(
  account: Account,
  session: string | undefined,
  change: () => Promise<T>,
): Promise<T> {
  return claimMutex(account).run(async () => {
    if (session !== undefined && (await isClaimed(account))) {
      const row = await account.sql.first('SELECT 1 FROM refresh_token WHERE session = ?', session)
      if (row === undefined) throw invalidRequest('Token has been revoked', 'ExpiredToken')
    }
    return change()
  })
}
