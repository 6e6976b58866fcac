/**
 * A link by which a user takes over an account that a platform has created, by setting its email address and password. It
 * works once. After that no more links can be made, so that the platform cannot take the account back.
 */
import type { Account } from '#src/account/account.ts'
import { endAllSessions } from '#src/account/end-sessions.ts'
import { removeAllRows } from '#src/account/factors/changes.ts'
import { updateProfile } from '#src/account/profile.ts'
import { addSecurityEvent, type ClientInfo } from '#src/account/security-events.ts'
import { deleteAllAppPasswords } from '#src/account/sessions/app-passwords.ts'
import { changeEmail } from '#src/account/sessions/change-email.ts'
import { claimMutex, isClaimed } from '#src/account/sessions/claim-turns.ts'
import { usableRow } from '#src/account/sessions/usable-row.ts'
import { invalidRequest } from '#src/errors.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { parseEmail } from '#src/rules/emails.ts'
import { checkNewPassword } from '#src/rules/passwords.ts'

/**
 * `hash` is that of the link's token, `expiresAt` in ms since 1970. Ends the earlier link. Throws 400 AlreadyClaimed,
 * InvalidRequest for a group.
 */
export async function createClaim(
  account: Account,
  { hash, expiresAt }: { hash: string; expiresAt: number },
): Promise<{ handle: string | null }> {
  const { handle } = await usableRow(account)
  if (await isClaimed(account)) {
    throw invalidRequest('The user of this account has claimed it already', 'AlreadyClaimed')
  }
  if (await isGroup(account)) {
    throw invalidRequest('A group has members: its ownership is offered to one of them')
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
  const isValid = known === hash && Number(expiresAt) > account.clock.now()
  // The platform may have made it a group since: who owns the group would keep it.
  if (isValid && !(await isGroup(account))) return { handle }
  throw invalidRequest('The link was used, or has expired', 'InvalidToken')
}

/**
 * Ends everything by which the platform may be signed in, or may hinder the user: sessions, app passwords, second factors
 * and what apps were allowed. Throws 400 InvalidToken, and InvalidRequest for a wrong address or password, or
 * an address that is taken: then the link may be used again.
 */
export function useClaim(
  account: Account,
  { hash, email, password, client }: ClaimInput,
  key?: IdempotencyKey,
): Promise<void> {
  return claimMutex(account).run(async () => {
    await findClaim(account, { hash })
    const address = parseEmail(email)
    checkNewPassword(password)
    const passwordHash = await hashPassword(password)
    await changeEmail(account, address, { client })
    await account.factorMutex.run(async () => {
      try {
        await account.sql.batch([
          updateProfile({ passwordHash }),
          {
            sql: `UPDATE credential SET name = 'done', secret = '' WHERE kind = 'claim'`,
          },
          ...(await deleteAllAppPasswords(account)),
          ...removeAllRows(account),
          ...endAllSessions(account),
          { sql: `DELETE FROM oauth WHERE kind = 'client'` },
          ...addSecurityEvent(account, 'password changed', client),
          ...addSecurityEvent(account, 'account claimed', client),
          ...account.idempotencyKeys.markUsed(key),
        ])
      } finally {
        account.accessTokens.clear()
        account.factorKinds.clear()
        account.profile.forget()
      }
    })
  })
}

export interface ClaimInput {
  hash: string
  email: string
  password: string
  client?: ClientInfo
}

async function isGroup({ sql }: Account): Promise<boolean> {
  return (await sql.first('SELECT 1 FROM member LIMIT 1')) !== undefined
}
