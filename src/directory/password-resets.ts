/** Finds the account of a password reset token: com.atproto.server.resetPassword gets nothing but the token. */
import { createHash } from 'node:crypto'
import type { Directory } from '#src/directory/open-directory.ts'

// Longer than a token is valid, so that a late caller gets ExpiredToken rather than InvalidToken.
const TTL_MS = 24 * 60 * 60 * 1000

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

function hashOf(token: string): string {
  return createHash('sha256').update(token.toUpperCase()).digest('hex')
}
