/** Which account a token that resets a password is for: whoever forgot the password shows nothing but the token. */
import { createHash } from 'node:crypto'
import type { Directory } from '#src/directory/open-directory.ts'

/** Longer than any token is good: until then its bearer is told that it has expired. */
const TTL_MS = 24 * 60 * 60 * 1000

/** Notes the account's last token; the account itself says whether it is still good. */
export async function recordPasswordReset(
  directory: Directory,
  { did, token }: { did: string; token: string },
): Promise<void> {
  await directory.lane.write([did], async (now) => ({
    answer: undefined,
    statements: [
      { sql: 'DELETE FROM password_reset WHERE requested_at <= ?', params: [now - TTL_MS] },
      {
        sql: 'INSERT OR REPLACE INTO password_reset (did, token_hash, requested_at) VALUES (?, ?, ?)',
        params: [did, hashOf(token), now],
      },
    ],
  }))
}

/** The account whose last token this is, in either case; null for none. */
export async function findPasswordReset(
  { sql }: Directory,
  { token }: { token: string },
): Promise<{ did: string } | null> {
  const found = await sql.first<{ did: string }>(
    'SELECT did FROM password_reset WHERE token_hash = ?',
    hashOf(token),
  )
  return found ?? null
}

/** Nobody who reads the directory's database learns a token. */
function hashOf(token: string): string {
  return createHash('sha256').update(token.toUpperCase()).digest('hex')
}
