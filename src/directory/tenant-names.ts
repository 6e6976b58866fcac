/** Which of the names that a tenant's new accounts ask for are taken. */
import { DELETED_ID } from '#src/directory/deleted-external-ids.ts'
import type {
  TenantReservation,
  TenantReservationAnswer,
} from '#src/directory/tenant-reservations.ts'
import type { Sql } from '#src/ports/sql.ts'

interface Row {
  did: string
  handle: string
  email: string | null
  tenant: string | null
  externalId: string | null
  isReserved: number
  isDeleted: number
  genesis: string | null
}

export class TenantNames {
  readonly #tenant: string
  readonly #byExternalId = new Map<string, Row>()
  readonly #dids = new Set<string>()
  readonly #handles = new Set<string>()
  readonly #emails = new Set<string>()

  private constructor(tenant: string) {
    this.#tenant = tenant
  }

  static async read(
    sql: Sql,
    tenant: string,
    accounts: readonly TenantReservation[],
    now: number,
  ): Promise<TenantNames> {
    const names = new TenantNames(tenant)
    const emails = accounts.flatMap(({ email }) => (email === null ? [] : [email.toLowerCase()]))
    const columns = `did, handle, email, tenant, external_id AS externalId,
      reserved_until IS NOT NULL AS isReserved, status = 'deleted' AS isDeleted,
      (SELECT genesis FROM birth WHERE birth.did = account.did) AS genesis`
    const isValid = 'coalesce(reserved_until > ?6, TRUE)'
    const rows = await sql.all<Row>(
      `SELECT ${columns} FROM account WHERE did IN (SELECT value FROM json_each(?1)) AND ${isValid}
       UNION SELECT ${columns} FROM account
         WHERE handle IN (SELECT value FROM json_each(?2)) AND ${isValid}
       UNION SELECT ${columns} FROM account
         WHERE email IN (SELECT value FROM json_each(?3)) AND ${isValid}
       UNION SELECT ${columns} FROM account
         WHERE tenant = ?4 AND external_id IN (SELECT value FROM json_each(?5)) AND ${isValid}
       UNION SELECT '', handle, NULL, NULL, NULL, 0, 0, NULL FROM identity_change
         WHERE handle IN (SELECT value FROM json_each(?2)) AND held_until > ?6
       UNION SELECT '', '', NULL, tenant, external_id, 0, 1, NULL FROM deleted_external_id
         WHERE tenant = ?4 AND external_id IN (SELECT value FROM json_each(?5))`,
      JSON.stringify(accounts.map(({ did }) => did)),
      JSON.stringify(accounts.map(({ handle }) => handle)),
      JSON.stringify(emails),
      tenant,
      JSON.stringify(accounts.map(({ externalId }) => externalId)),
      now,
    )
    for (const row of rows) names.#add(row)
    return names
  }

  /** The answer for an external id or a name that is taken; undefined if all names are free. */
  find(account: TenantReservation): TenantReservationAnswer | undefined {
    const { externalId, handle, isHandleGenerated = false, email, did } = account
    const own = this.#byExternalId.get(externalId)
    if (own !== undefined) {
      if (own.isDeleted === 1) return refused('ExternalIdTaken', DELETED_ID)
      if (own.handle !== handle && !isHandleGenerated) {
        return refused('ExternalIdTaken', `The account of this external id is ${own.handle}`)
      }
      const found = { did: own.did, handle: own.handle }
      if (own.isReserved === 0) return { type: 'existing', ...found }
      return { type: 'reserved', ...found, genesis: own.genesis }
    }
    if (this.#dids.has(did)) return refused('AlreadyExists', 'Repo already exists')
    if (this.#handles.has(handle)) {
      return refused('HandleNotAvailable', `Handle already taken: ${handle}`)
    }
    if (email !== null && this.#emails.has(email.toLowerCase())) {
      return refused('InvalidRequest', `Email already taken: ${email}`)
    }
    return undefined
  }

  /** Adds the names of an account that this transaction reserves. */
  add({ did, handle, email, externalId, genesis }: TenantReservation): void {
    const names = { handle, email: email?.toLowerCase() ?? null, externalId }
    this.#add({
      did,
      ...names,
      tenant: this.#tenant,
      isReserved: 1,
      isDeleted: 0,
      genesis: genesis ?? null,
    })
  }

  #add(row: Row): void {
    this.#dids.add(row.did)
    this.#handles.add(row.handle)
    if (row.email !== null) this.#emails.add(row.email)
    if (row.tenant === this.#tenant && row.externalId !== null) {
      this.#byExternalId.set(row.externalId, row)
    }
  }
}

function refused(error: string, message: string): TenantReservationAnswer {
  return { type: 'refused', refusal: { status: 400, error, message } }
}
