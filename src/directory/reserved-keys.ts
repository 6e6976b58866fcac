/**
 * Signing keys reserved for accounts that will migrate here (com.atproto.server.reserveSigningKey), and for the admin
 * to rotate to. The method needs no authentication, so keys that are not used expire and their number is limited. Both
 * are checked against a count in memory: counting and deleting read the whole table, so they are done now and then.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { unavailable } from '#src/errors.ts'
import type { Sql, Statement } from '#src/ports/sql.ts'

/** `name` is the DID it is reserved for, or its own did:key if none was given; it is also the keychain context. */
export interface ReservedKey {
  name: string
  signingKey: Uint8Array
  signingKeyDid: string
}

const HOUR_MS = 60 * 60_000
const RECOUNT_MS = 10 * 60_000

/** `adminExtra` may be reserved beyond `max` by the admin. */
interface KeyBounds {
  ttlMs: number
  max: number
  adminExtra: number
}

const forDid: KeyBounds = { ttlMs: 30 * 24 * HOUR_MS, max: 80_000, adminExtra: 1_000 }
/** Such a key is used within minutes, or not at all. */
const unnamed: KeyBounds = { ttlMs: HOUR_MS, max: 20_000, adminExtra: 1_000 }

/** How many keys are stored, or a few more. */
export interface ReservedKeyCount {
  countedAt: number
  forDid: number
  unnamed: number
}

/** Returns the key that the DID has already, if any. Throws 503 if too many keys are reserved. */
export async function reserveKey(
  directory: Directory,
  input: ReservedKey & { isAdmin?: boolean },
): Promise<{ signingKeyDid: string }> {
  const { name, signingKey, signingKeyDid, isAdmin = false } = input
  return directory.lane.write([`key ${name}`], async (now) => {
    const existing = await findReservedKey(directory, { names: [name] })
    if (existing !== null)
      return { answer: { signingKeyDid: existing.signingKeyDid }, statements: [] }
    const count = await currentCount(directory, now)
    const kind = name.startsWith('did:key:') ? 'unnamed' : 'forDid'
    const { max, adminExtra } = kind === 'unnamed' ? unnamed : forDid
    if (count[kind] >= max + (isAdmin ? adminExtra : 0)) {
      throw unavailable('Too many signing keys are reserved, please try again later')
    }
    count[kind]++
    const insert = {
      sql: 'INSERT INTO reserved_key (name, signing_key, signing_key_did, created_at) VALUES (?, ?, ?, ?)',
      params: [name, signingKey, signingKeyDid, now],
    }
    return { answer: { signingKeyDid }, statements: [insert] }
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

export function deleteReservedKeys(dids: readonly string[]): Statement {
  const these = 'IN (SELECT value FROM json_each(?1))'
  return {
    sql: `DELETE FROM reserved_key WHERE name ${these}
          OR signing_key_did IN (SELECT signing_key_did FROM birth WHERE did ${these})`,
    params: [JSON.stringify(dids)],
  }
}

async function currentCount(directory: Directory, now: number): Promise<ReservedKeyCount> {
  const { reservedKeys } = directory
  if (reservedKeys.count === undefined || now - reservedKeys.count.countedAt >= RECOUNT_MS) {
    // All that wait for it get the same one.
    reservedKeys.recount ??= recount(directory.sql, now).finally(() => {
      reservedKeys.recount = undefined
    })
    reservedKeys.count = await reservedKeys.recount
  }
  return reservedKeys.count
}

async function recount(sql: Sql, now: number): Promise<ReservedKeyCount> {
  await sql.batch([
    {
      sql: `DELETE FROM reserved_key
            WHERE created_at < CASE WHEN name LIKE 'did:key:%' THEN ? ELSE ? END`,
      params: [now - unnamed.ttlMs, now - forDid.ttlMs],
    },
  ])
  const row = await sql.first<{ total: number; unnamed: number }>(
    `SELECT count(*) AS total, coalesce(sum(name LIKE 'did:key:%'), 0) AS unnamed
     FROM reserved_key`,
  )
  const { total, unnamed: unnamedKeys } = row ?? { total: 0, unnamed: 0 }
  return { countedAt: now, forDid: total - unnamedKeys, unnamed: unnamedKeys }
}
