/**
 * The members of a group account, as each call asks for them: in memory after the first time. A change of members or
 * roles counts from the moment at which its job is prepared in the write lane, so that no write that comes after it in
 * the lane is made by a role that is gone.
 */
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Sql } from '#src/ports/sql.ts'
import { builtInRole, type ManageFlag, type Role } from '#src/rules/group-roles.ts'

export interface Membership {
  role: Role
  /** Milliseconds since 1970. */
  expiresAt: number | null
}

/** What a change that is being stored makes of the membership of `did`. */
export type MembershipChange = (
  did: string,
  before: Membership | undefined,
) => Membership | undefined

const MAX_CACHED = 1000

interface Row {
  name: string
  scope: string | null
  manage: string | null
  revision: number | null
  expiresAt: number | null
}

export class Members {
  readonly #sql: Sql
  // A read that began before `forget` puts its result into the map that was replaced.
  #known = new BoundedMap<string, Membership | null>(MAX_CACHED)
  readonly #changes = new Map<object, MembershipChange>()
  #untrimmed = 0

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Undefined if it is no member, or its time is over. */
  async find(did: string, now: number): Promise<Membership | undefined> {
    const known = this.#known
    let stored = known.get(did)
    if (stored === undefined) {
      stored = (await this.#read(did)) ?? null
      known.set(did, stored)
    }
    let found = stored ?? undefined
    for (const change of this.#changes.values()) found = change(did, found)
    if (found === undefined || (found.expiresAt !== null && found.expiresAt <= now))
      return undefined
    return found
  }

  /** Call when a change is prepared, with the same `key` if it is prepared again. */
  begin(key: object, change: MembershipChange): void {
    this.#changes.set(key, change)
  }

  /** Call when the change is stored, or has failed. */
  end(key: object): void {
    this.#known = new BoundedMap(MAX_CACHED)
    this.#changes.delete(key)
  }

  /** Whether the audit log should be trimmed again; to be asked for each row. */
  isTrimDue(): boolean {
    this.#untrimmed = (this.#untrimmed + 1) % 100
    return this.#untrimmed === 0
  }

  async #read(did: string): Promise<Membership | undefined> {
    const row = await this.#sql.first<Row>(
      `SELECT member.role AS name, scope, manage, revision, expires_at AS expiresAt
       FROM member LEFT JOIN role ON role.name = member.role WHERE did = ?`,
      did,
    )
    const role = row && roleOf(row)
    return role && { role, expiresAt: row.expiresAt }
  }
}

/** The role of a row: a built-in one, or with the columns of the table `role`, which are null if it was deleted. */
export function roleOf({
  name,
  scope,
  manage,
  revision,
}: Omit<Row, 'expiresAt'>): Role | undefined {
  const known = builtInRole(name)
  if (known !== undefined) return known
  if (scope === null || manage === null || revision === null) return undefined
  return { name, scope, manage: JSON.parse(manage) as ManageFlag[], revision }
}
