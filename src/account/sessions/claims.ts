/**
 * A link by which a user takes over an account that a platform has created, by setting its email address and password. It
 * works once. After that no more links can be made, so that the platform cannot take the account back.
 */
import type { Account } from '#src/account/account.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import { updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { changeEmail } from '#src/account/sessions/change-email.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { parseEmail } from '#src/rules/emails.ts'
import { checkNewPassword } from '#src/rules/passwords.ts'

/** By account, so that a link is used once. */
const uses = new WeakMap<object, Mutex>()

/** `hash` is that of the link's token, `expiresAt` in ms since 1970. Ends the earlier link. Throws 400 AlreadyClaimed. */
export async function createClaim(
  account: Account,
  { hash, expiresAt }: { hash: string; expiresAt: number },
): Promise<{ handle: string | null }> {
  const { handle } = await usableRow(account)
  if (await isClaimed(account)) {
    throw invalidRequest('The user of this account has claimed it already', 'AlreadyClaimed')
  }
  await account.sql.batch([
    {
      sql: `INSERT OR REPLACE INTO credential (kind, name, secret, created_at)
            VALUES ('claim', 'link', ?, ?)`,
      params: [`${expiresAt} ${hash}`, account.clock.now()],
    },
  ])
  return { handle }
}

/** Throws 400 InvalidToken if the link is unknown, used or expired. */
export async function findClaim(
  account: Account,
  { hash }: { hash: string },
): Promise<{ handle: string | null }> {
  const { handle } = await usableRow(account)
  const row = await account.sql.first<{ secret: string }>(
    `SELECT secret FROM credential WHERE kind = 'claim' AND name = 'link'`,
  )
  const [expiresAt, known] = row?.secret.split(' ') ?? []
  if (known === hash && Number(expiresAt) > account.clock.now()) return { handle }
  throw invalidRequest('The link was used, or has expired', 'InvalidToken')
}

/**
 * Ends all sessions, the platform's too. Throws 400 InvalidToken, and InvalidRequest for a wrong address or password, or
 * an address that is taken: then the link may be used again.
 */
export function useClaim(
  account: Account,
  { hash, email, password, client }: ClaimInput,
  key?: IdempotencyKey,
): Promise<void> {
  const mutex = uses.get(account.profile) ?? new Mutex()
  uses.set(account.profile, mutex)
  return mutex.run(async () => {
    await findClaim(account, { hash })
    const address = parseEmail(email)
    checkNewPassword(password)
    const passwordHash = await hashPassword(password)
    await changeEmail(account, address, { client })
    try {
      await account.sql.batch([
        updateProfile({ passwordHash }),
        {
          sql: `UPDATE credential SET name = 'done', secret = '' WHERE kind = 'claim'`,
        },
        ...endAllSessions(account),
        ...addSecurityEvent(account, 'password changed', client),
        ...account.idempotencyKeys.markUsed(key),
      ])
    } finally {
      account.accessTokens.clear()
      account.profile.forget()
    }
  })
}

export interface ClaimInput {
  hash: string
  email: string
  password: string
  client?: ClientInfo
}

/** Whether the user has taken the account over. */
export async function isClaimed({ sql }: Account): Promise<boolean> {
  const row = await sql.first(`SELECT 1 FROM credential WHERE kind = 'claim' AND name = 'done'`)
  return row !== undefined
}
