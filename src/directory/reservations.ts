/**
 * Reservations of DID, handle and email for accounts that are being created; later confirmed or released.
 *
 * A reservation is an account row with an expiry time, so that the database's own constraints keep the names unique.
 * Expired ones are ignored, and deleted by the next reservation.
 */
import type { GroupState } from '#src/account/initial-state.ts'
import { forgetOldNetworks } from '#src/directory/created-accounts.ts'
import {
  type Confirmation,
  completeInitialState,
  deleteInitialStates,
  insertInitialState,
  type NewSigningKey,
} from '#src/directory/initial-states.ts'
import { checkInviteCode, deleteInviteUses, insertInviteUse } from '#src/directory/invites.ts'
import { deleteMemberships, setMembership } from '#src/directory/memberships.ts'
import { mustBeInvited } from '#src/directory/move-invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { insertReminder } from '#src/directory/reminders.ts'
import { deleteReservedKey } from '#src/directory/reserved-keys.ts'
import { admitToTenant } from '#src/directory/tenant-admission.ts'
import { inviteUsed, mustBeInviteOf } from '#src/directory/tenant-invites.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { OWNER } from '#src/rules/group-roles.ts'
import { claimedTenant } from '#src/rules/invite-codes.ts'

const RESERVATION_MS = 5 * 60_000
// An account that migrates here is deleted if it is still deactivated after three days (as in the reference).
const MIGRATION_TIMEOUT_MS = 3 * 24 * 60 * 60_000

/**
 * `handle` is in lower case, `email` as typed, if there is one. With `isMigratingIn`, the account comes from another
 * server: it is deactivated until its DID document points here.
 */
export interface Reservation extends NewSigningKey {
  did: string
  handle: string
  email: string | null
  inviteCode?: string
  isMigratingIn?: boolean
  /** The address block of the caller, unless that is an admin. */
  network?: string
  group?: GroupState
  /** How many groups the creator of a group may own. */
  maxGroups?: number
}

interface NameRow {
  did: string
  handle: string
  email: string | null
  reservedUntil: number | null
  status?: string
  tenant?: string | null
}

/**
 * Reserves handle, email and one use of the invite code for five minutes, and stores the account's initial state, which
 * makes its key durable. With an invite code of a tenant it becomes an account of that tenant. Idempotent for the same
 * DID. Throws 400 InvalidRequest if the handle or email is taken, InvalidInviteCode if the code has no use left; 413
 * QuotaExceeded if the creator of a group owns as many as it may; for a tenant as `admitToTenant`.
 */
export async function reserveAccount(directory: Directory, input: Reservation): Promise<void> {
  const tenant = input.inviteCode === undefined ? undefined : claimedTenant(input.inviteCode)
  const reservation = { ...input, email: input.email?.toLowerCase() ?? null }
  const { did, handle, email, inviteCode } = reservation
  const subjects = [
    did,
    handle,
    ...(email === null ? [] : [email]),
    ...(inviteCode === undefined ? [] : [`invite ${inviteCode}`]),
    ...(input.group === undefined ? [] : [`groups of ${input.group.creator}`]),
    ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
  ]
  return directory.lane.write(subjects, async (now) => {
    // First, so that a caller without a valid code cannot probe which names are taken.
    if (inviteCode !== undefined) {
      await checkInviteCode(directory, inviteCode, did, now)
      await mustBeInvited(directory, { did, code: inviteCode })
      if (tenant !== undefined) await mustBeInviteOf(directory, { tenant, code: inviteCode })
    }
    const isGroup = input.group !== undefined
    const counted =
      tenant === undefined ? [] : await admitToTenant(directory, { tenant, did, isGroup }, now)
    const isConfirmed = await checkNames(directory, reservation, input.email, now)
    if (isConfirmed) {
      // A migrating DID may be created once; a DID made here is new each time, so this is a retry.
      if (input.isMigratingIn) throw alreadyExists()
      return { answer: undefined, statements: [] }
    }
    await mustHaveRoomForGroup(directory, input)
    const inviteUse = inviteCode === undefined ? [] : [insertInviteUse(inviteCode, did, now)]
    return {
      answer: undefined,
      statements: [
        ...deleteExpiredReservations(now),
        forgetOldNetworks(now),
        ...counted,
        insertReservation(reservation, tenant, now),
        insertInitialState(did, reservation),
        ...membershipsOf(reservation),
        ...inviteUse,
      ],
    }
  })
}

/**
 * Turns the reservation into an account, completes its initial state and adds a reminder for its first events.
 * Idempotent: the first call's values are kept. Throws 400 if the reservation was released or has expired.
 */
export async function confirmAccount(
  directory: Directory,
  { did, ...confirmation }: Confirmation & { did: string },
): Promise<void> {
  const hasReminder = await directory.lane.write<boolean>([did], async (now) => {
    const own = await findRow(directory, did)
    if (own === undefined || !isValid(own, now)) {
      throw invalidRequest('The reservation has expired, please try again')
    }
    if (own.reservedUntil === null) {
      if (own.status === 'deactivated')
        await mustBeSameCreation(directory, did, confirmation.tokenId)
      return { answer: false, statements: [] }
    }
    const isMigratingIn = own.status === 'deactivated'
    const statement = {
      sql: 'UPDATE account SET reserved_until = NULL, created_at = ?, delete_after = ? WHERE did = ?',
      params: [now, isMigratingIn ? now + MIGRATION_TIMEOUT_MS : null, did],
    }
    const deleteKey = isMigratingIn ? [deleteReservedKey(did)] : []
    const statements = [
      ...deleteKey,
      statement,
      completeInitialState(did, confirmation),
      insertReminder(did, null),
      ...(own.tenant == null ? [] : await inviteUsed(directory, { did, tenant: own.tenant }, now)),
    ]
    return { answer: true, statements }
  })
  if (hasReminder) directory.withReminder.set(did, null)
}

export async function releaseReservation(
  directory: Directory,
  { did }: { did: string },
): Promise<{ released: boolean }> {
  return directory.lane.write<{ released: boolean }>([did], async () => {
    const own = await findRow(directory, did)
    if (own === undefined) return { answer: { released: true }, statements: [] }
    if (own.reservedUntil === null) return { answer: { released: false }, statements: [] }
    const deleteAccount = { sql: 'DELETE FROM account WHERE did = ?', params: [did] }
    return {
      answer: { released: true },
      statements: [
        deleteInviteUses(did),
        deleteInitialStates([did]),
        deleteMemberships(did),
        deleteAccount,
      ],
    }
  })
}

// Throws 400 if another account has a name; returns whether this account is confirmed with the same names.
async function checkNames(
  directory: Directory,
  { did, handle, email, isMigratingIn }: Reservation,
  typedEmail: string | null,
  now: number,
): Promise<boolean> {
  const rows = await directory.sql.all<NameRow>(
    `SELECT did, handle, email, reserved_until AS reservedUntil FROM account
     WHERE did = ?1 OR handle = ?2 OR email = ?3
     UNION ALL
     SELECT did, handle, NULL, held_until FROM identity_change WHERE handle = ?2 AND did <> ?1`,
    did,
    handle,
    email,
  )
  const others = rows.filter((other) => other.did !== did && isValid(other, now))
  if (others.some((other) => other.handle === handle)) {
    throw invalidRequest(`Handle already taken: ${handle}`)
  }
  if (others.length > 0) throw invalidRequest(`Email already taken: ${typedEmail}`)
  const own = rows.find((other) => other.did === did)
  if (own === undefined || own.reservedUntil !== null) return false
  if (own.handle === handle && own.email === email) return true
  if (isMigratingIn) throw alreadyExists()
  throw invalidRequest(`Account already exists: ${did}`)
}

function isValid({ reservedUntil }: NameRow, now: number): boolean {
  return reservedUntil === null || reservedUntil > now
}

function findRow(directory: Directory, did: string): Promise<NameRow | undefined> {
  return directory.sql.first<NameRow>(
    `SELECT did, handle, email, reserved_until AS reservedUntil, status, tenant
     FROM account WHERE did = ?`,
    did,
  )
}

/** Throws 413 QuotaExceeded. */
async function mustHaveRoomForGroup(
  { sql }: Directory,
  { group, maxGroups }: Reservation,
): Promise<void> {
  if (group === undefined || maxGroups === undefined) return
  const row = await sql.first<{ owned: number }>(
    'SELECT count(*) AS owned FROM membership WHERE member = ? AND role = ?',
    ...[group.creator, OWNER],
  )
  if ((row?.owned ?? 0) < maxGroups) return
  throw new XrpcError(413, 'QuotaExceeded', `An account may own ${maxGroups} groups at most`)
}

function membershipsOf({ did, group }: Reservation): Statement[] {
  const members = group?.members ?? []
  return members.map((member) => setMembership(did, { ...member, expiresAt: null }))
}

// Of two concurrent creations for one DID, the second must fail: it has other credentials than those stored.
async function mustBeSameCreation(
  { sql }: Directory,
  did: string,
  tokenId: string | null,
): Promise<void> {
  const row = await sql.first<{ tokenId: string }>(
    'SELECT token_id AS tokenId FROM birth WHERE did = ?',
    did,
  )
  if (row !== undefined && row.tokenId !== tokenId) throw alreadyExists()
}

// Message and error name of the reference.
function alreadyExists(): XrpcError {
  return invalidRequest('Repo already exists', 'AlreadyExists')
}

function insertReservation(
  { did, handle, email, isMigratingIn, network, group }: Reservation,
  tenant: string | undefined,
  now: number,
): Statement {
  const status = isMigratingIn ? 'deactivated' : 'active'
  const kind = tenant === undefined ? null : group === undefined ? 'person' : 'group'
  return {
    sql: `INSERT INTO account
            (did, handle, email, status, reserved_until, network, tenant, kind)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (did) DO UPDATE SET handle = excluded.handle, email = excluded.email,
            status = excluded.status, reserved_until = excluded.reserved_until,
            network = excluded.network, tenant = excluded.tenant, external_id = NULL,
            kind = excluded.kind`,
    params: [
      ...[did, handle, email, status, now + RESERVATION_MS, network ?? null],
      ...[tenant ?? null, kind],
    ],
  }
}

export function deleteExpiredReservations(now: number): Statement[] {
  const expired = 'FROM account WHERE reserved_until <= ?'
  return [
    { sql: `DELETE FROM invite_code_use WHERE used_by IN (SELECT did ${expired})`, params: [now] },
    { sql: `DELETE FROM birth WHERE did IN (SELECT did ${expired})`, params: [now] },
    { sql: `DELETE FROM membership WHERE account IN (SELECT did ${expired})`, params: [now] },
    { sql: `DELETE ${expired}`, params: [now] },
  ]
}
