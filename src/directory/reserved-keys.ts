/** Signing keys that were promised to accounts before they come (com.atproto.server.reserveSigningKey). */
import type { Directory } from '#src/directory/open-directory.ts'
import type { Statement } from '#src/ports/sql.ts'

/** A key of this server's making that no account has yet. */
export interface ReservedKey {
  /** The DID it is for, or its own did:key. */
  name: string
  /** Sealed by the keychain in the context of `name`. */
  signingKey: Uint8Array
  signingKeyDid: string
}

/** Anybody may ask for keys: what nobody came for is forgotten after 30 days, and no more than these are kept. */
const TTL_MS = 30 * 24 * 60 * 60_000
const MAX_KEYS = 100_000

/** Keeps the key, unless there is one of that name: that one counts. The did:key of the one that counts. */
export async function reserveKey(
  directory: Directory,
  { name, signingKey, signingKeyDid }: ReservedKey,
): Promise<{ signingKeyDid: string }> {
  return directory.lane.write([`key ${name}`], async (now) => {
    const known = await findReservedKey(directory, { names: [name] })
    if (known !== null) return { answer: { signingKeyDid: known.signingKeyDid }, statements: [] }
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

/** The key of the first of these names that has one; null for none. */
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

/** Part of the transaction that gives a DID its account: the key is that account's, and nobody else's, from then on. */
export function deleteReservedKey(did: string): Statement {
  return {
    sql: `DELETE FROM reserved_key WHERE name = ?
          OR signing_key_did = (SELECT signing_key_did FROM birth WHERE did = ?)`,
    params: [did, did],
  }
}
