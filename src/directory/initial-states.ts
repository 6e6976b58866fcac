/**
 * Births: what new accounts will be made of. One is noted, with the sealed signing key, before the DID is published;
 * it is complete when the account is confirmed, and read when the account first wakes. Once that has a database of its
 * own the birth is needless, and it goes with the account's reminder.
 */
import type { InitialState } from '#src/account/initial-state.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** The key that is durable before the DID that names it is published. */
export type NewSigningKey = Pick<InitialState, 'signingKey' | 'signingKeyDid'>
/** What is known of a birth only when the account is confirmed. */
export type Confirmation = Pick<InitialState, 'passwordHash' | 'tokenId' | 'createdAt'>

/** The birth of a confirmed account; null for all others, and where it is no longer needed. */
export async function findInitialState(
  { sql }: Directory,
  { did }: { did: string },
): Promise<InitialState | null> {
  const birth = await sql.first<Omit<InitialState, 'deleteAfter'> & { deleteAfter: number | null }>(
    `SELECT handle, email, password_hash AS passwordHash, signing_key AS signingKey,
       signing_key_did AS signingKeyDid, token_id AS tokenId, birth.created_at AS createdAt,
       status, delete_after AS deleteAfter
     FROM birth JOIN account USING (did)
     WHERE did = ? AND reserved_until IS NULL AND status IN ('active', 'deactivated')`,
    did,
  )
  if (birth === undefined) return null
  const { deleteAfter } = birth
  return { ...birth, deleteAfter: deleteAfter === null ? null : isoTime(deleteAfter) }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** Notes a birth, or notes it anew under another key. */
export function insertInitialState(
  did: string,
  { signingKey, signingKeyDid }: NewSigningKey,
): Statement {
  return {
    sql: 'INSERT OR REPLACE INTO birth (did, signing_key, signing_key_did) VALUES (?, ?, ?)',
    params: [did, signingKey, signingKeyDid],
  }
}

export function completeInitialState(
  did: string,
  { passwordHash, tokenId, createdAt }: Confirmation,
): Statement {
  return {
    sql: 'UPDATE birth SET password_hash = ?, token_id = ?, created_at = ? WHERE did = ?',
    params: [passwordHash, tokenId, createdAt, did],
  }
}

export function deleteInitialStates(dids: readonly string[]): Statement {
  return {
    sql: 'DELETE FROM birth WHERE did IN (SELECT value FROM json_each(?))',
    params: [JSON.stringify(dids)],
  }
}
