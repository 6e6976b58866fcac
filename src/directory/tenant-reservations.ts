/**
 * Accounts that a tenant creates, many in one transaction: reserved, published by the gateway, confirmed.
 *
 * A reservation keeps the first operation of its DID. If the gateway's process exits before the account is confirmed,
 * the next attempt with the same external id gets that operation, and publishes the same DID again.
 */
import type { GroupState, InitialState, NewRecord } from '#src/account/initial-state.ts'
import {
  completeInitialStates,
  insertInitialStates,
  type NewSigningKey,
} from '#src/directory/initial-states.ts'
import { setMembership } from '#src/directory/memberships.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { insertReminders } from '#src/directory/reminders.ts'
import { deleteExpiredReservations } from '#src/directory/reservations.ts'
import { deleteReservedKeys } from '#src/directory/reserved-keys.ts'
import { TenantNames } from '#src/directory/tenant-names.ts'
import { TenantQuota } from '#src/directory/tenant-quota.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'

/** Longer than any outage of the PLC directory: a DID that may be published must not lose its reservation. */
const RESERVATION_MS = 7 * 24 * 60 * 60_000

/** `handle` is in lower case, `email` as typed. */
export interface TenantReservation extends NewSigningKey {
  did: string
  externalId: string
  handle: string
  /** Whether the server generated the handle: then an existing account may have another one. */
  isHandleGenerated?: boolean
  email: string | null
  /** The first operation of the DID, as JSON; absent for a DID that is published already. */
  genesis?: string
  group?: GroupState
  records?: readonly NewRecord[]
  /** Refuse it unless the account exists: the signing key of its DID was not reserved here. */
  mustExist?: boolean
}

export interface TenantReservations {
  /** The id of the tenant. */
  tenant: string
  accounts: readonly TenantReservation[]
}

export interface Refusal {
  status: number
  error: string
  message: string
}

/** `reserved` now, or by an earlier attempt, whose values are kept; `existing` if confirmed before; or `refused`. */
export type TenantReservationAnswer =
  | { type: 'reserved'; did: string; handle: string; genesis: string | null }
  | { type: 'existing'; did: string; handle: string }
  | { type: 'refused'; refusal: Refusal }

/**
 * Reserves what it can, and answers for each account in order. Idempotent by external id. Refusals: 400 ExternalIdTaken
 * if the account exists with another handle or was deleted, HandleNotAvailable, AlreadyExists, InvalidRequest for an email address that
 * is taken, 413 QuotaExceeded. Throws 403 TenantSuspended.
 */
export function reserveForTenant(
  directory: Directory,
  { tenant, accounts }: TenantReservations,
): Promise<TenantReservationAnswer[]> {
  const subjects = accounts.flatMap(({ did, handle, email }) => {
    return email === null ? [did, handle] : [did, handle, email.toLowerCase()]
  })
  const all = new Set([`tenant ${tenant}`, ...subjects])
  return directory.lane.write([...all], async (now) => {
    const names = await TenantNames.read(directory.sql, tenant, accounts, now)
    const quota = await TenantQuota.read(directory, tenant, now)
    const reserved: TenantReservation[] = []
    const continued: string[] = []
    const answer = accounts.map((account): TenantReservationAnswer => {
      const known = names.find(account)
      if (known !== undefined) {
        if (known.type === 'reserved') continued.push(known.did)
        return known
      }
      const refusal = account.mustExist ? keyNotReserved : refusalBy(quota, account)
      if (refusal !== undefined) return { type: 'refused', refusal }
      names.add(account)
      reserved.push(account)
      const { did, handle, genesis = null } = account
      return { type: 'reserved', did, handle, genesis }
    })
    const statements = statementsFor(tenant, { reserved, continued }, now)
    return {
      answer,
      statements: reserved.length === 0 ? statements : [...quota.count(), ...statements],
    }
  })
}

/** The values of an account's first confirmation are kept. */
export interface TenantConfirmation
  extends Pick<InitialState, 'passwordHash' | 'tokenId' | 'createdAt'> {
  did: string
}

/**
 * Turns reservations into accounts. Answers for each in order whether this call or an earlier one did so, or the
 * reservation has expired.
 */
export async function confirmForTenant(
  directory: Directory,
  { accounts, areAdopted = false }: { accounts: TenantConfirmation[]; areAdopted?: boolean },
): Promise<('confirmed' | 'existing' | 'expired')[]> {
  const dids = [...new Set(accounts.map(({ did }) => did))]
  let first: TenantConfirmation[] = []
  const answers = await directory.lane.write(dids, async (now) => {
    const rows = await directory.sql.all<{ did: string; reservedUntil: number | null }>(
      `SELECT did, reserved_until AS reservedUntil FROM account
       WHERE did IN (SELECT value FROM json_each(?)) AND coalesce(reserved_until > ?, TRUE)`,
      ...[JSON.stringify(dids), now],
    )
    const pending = new Map(rows.map(({ did, reservedUntil }) => [did, reservedUntil !== null]))
    first = []
    const answer = accounts.map((account) => {
      const isPending = pending.get(account.did)
      if (isPending === undefined) return 'expired'
      if (!isPending) return 'existing'
      pending.set(account.did, false)
      first.push(account)
      return 'confirmed'
    })
    return { answer, statements: confirm(first, areAdopted, now) }
  })
  directory.bulkCreation.note(first.length)
  for (const { did } of first) directory.withReminder.set(did, null)
  return answers
}

function refusalBy(quota: TenantQuota, { group }: TenantReservation): Refusal | undefined {
  const exceeded = quota.take({ isGroup: group !== undefined })
  if (exceeded === undefined) return undefined
  const { status, error, message } = exceeded
  return { status, error, message }
}

const keyNotReserved: Refusal = {
  status: 400,
  error: 'InvalidRequest',
  message: 'DID document verification method does not match a signing key that is reserved here',
}

function statementsFor(
  tenant: string,
  { reserved, continued }: { reserved: readonly TenantReservation[]; continued: string[] },
  now: number,
): Statement[] {
  const until = now + RESERVATION_MS
  const prolong = {
    sql: 'UPDATE account SET reserved_until = ? WHERE did IN (SELECT value FROM json_each(?))',
    params: [until, JSON.stringify(continued)],
  }
  const statements = continued.length === 0 ? [] : [prolong]
  if (reserved.length === 0) return statements
  return [
    ...statements,
    ...deleteExpiredReservations(now),
    insertRows(
      `INSERT INTO account (did, handle, email, status, reserved_until, tenant, kind, external_id,
         is_custodial)`,
      reserved.map(({ did, handle, email, group, externalId }) => [
        ...[did, handle, email?.toLowerCase() ?? null, 'active', until, tenant],
        ...[group === undefined ? 'person' : 'group', externalId, 1],
      ]),
    ),
    insertInitialStates(reserved),
    ...reserved.flatMap(({ did, group }) =>
      (group?.members ?? []).map((member) => setMembership(did, { ...member, expiresAt: null })),
    ),
  ]
}

function confirm(
  accounts: readonly TenantConfirmation[],
  areAdopted: boolean,
  now: number,
): Statement[] {
  if (accounts.length === 0) return []
  const dids = accounts.map(({ did }) => did)
  return [
    ...(areAdopted ? [deleteReservedKeys(dids)] : []),
    {
      sql: `UPDATE account SET reserved_until = NULL, created_at = ?
            WHERE did IN (SELECT value FROM json_each(?))`,
      params: [now, JSON.stringify(dids)],
    },
    completeInitialStates(accounts),
    insertReminders(dids),
  ]
}
