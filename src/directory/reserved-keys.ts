/** Signing keys reserved for accounts that will migrate here (com.atproto.server.reserveSigningKey). */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** `name` is the DID it is reserved for, or its own did:key if none was given; it is also the keychain context. */
export interface ReservedKey {
  name: string
  signingKey: Uint8Array
  signingKeyDid: string
}

// The method needs no authentication, so unused keys expire after 30 days and their number is limited.
const TTL_MS = 30 * 24 * 60 * 60_000
const MAX_KEYS = 100_000

export async function reserveKey(
  directory: Directory,
  { name, signingKey, signingKeyDid }: ReservedKey,
): Promise<{ signingKeyDid: string }> {
  return directory.lane.write([`key ${name}`], async (now) => {
    const existing = await findReservedKey(directory, { names: [name] })
    if (existing !== null)
      return { answer: { signingKeyDid: existing.signingKeyDid }, statements: [] }
    const statements = [
      { sql: 'DELETE FROM reserved_key WHERE created_at < ?', params: [now - TTL_MS] },
      {
        sql: `INSERT INTO reserved_key (name, signing_key, signing_key_did, created_at)
              SELECT ?, ?, ?, ? WHERE (SELECT count(*) FROM reserved_key) < ${MAX_KEYS}`,
        params: [name, signingKey, signingKeyDid, now],
      },
    ]
    return { answer: { signingKeyDid }, statements }
  })
}

export async function findReservedKey(
  { sql }: Directory,
  { names }: { names: readonly string[] },
): Promise<ReservedKey | null> {
  for (const name of names) {
    const key = await sql.first<ReservedKey>(
      `SELECT name, signing_key AS signingKey, signing_key_did AS signingKeyDid
       FROM reserved_key WHERE name = ?`,
      name,
    )
    if (key !== undefined) return key
  }
  return null
}

/** Part of the transaction that confirms an account: its signing key must not be given to another account. */
export function deleteReservedKey(did: string): Statement {
  return {
    sql: `DELETE FROM reserved_key WHERE name = ?
          OR signing_key_did = (SELECT signing_key_did FROM birth WHERE did = ?)`,
    params: [did, did],
  }
}
