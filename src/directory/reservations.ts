/**
 * Names for accounts that are being created: reserved for a while, then confirmed or let go.
 *
 * A reservation is an account row with a time limit, so that the database itself keeps names unique. One that is
 * over counts for nothing, and the next reservation sweeps it away.
 */
import {
  type Confirmation,
  completeInitialState,
  deleteInitialStates,
  insertInitialState,
  type NewSigningKey,
} from '#src/directory/initial-states.ts'
import { checkInviteCode, deleteInviteUses, insertInviteUse } from '#src/directory/invites.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { insertReminder } from '#src/directory/reminders.ts'
import { deleteReservedKey } from '#src/directory/reserved-keys.ts'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'

/** How long a creation may take, in milliseconds. */
const RESERVATION_MS = 5 * 60_000
/** How long an account that came from elsewhere may stay deactivated (the reference's time). */
const MIGRATION_TIMEOUT_MS = 3 * 24 * 60 * 60_000

export interface Reservation extends NewSigningKey {
  did: string
  /** In lower case. */
  handle: string
  email: string
  inviteCode?: string
  /** The account comes from elsewhere, with its DID: it is deactivated until that points here. */
  isMigratingIn?: boolean
}

interface Claim {
  did: string
  handle: string
  email: string | null
  reservedUntil: number | null
  status?: string
}

/**
 * Reserves handle and email for five minutes, and one use of the invite code, and notes the account's birth: its key
 * is durable from here on. May be repeated for the same DID.
 * Throws 400 InvalidRequest where handle or email are taken, InvalidInviteCode where the code gives nothing.
 */
export async function reserveAccount(directory: Directory, input: Reservation): Promise<void> {
  const reservation = { ...input, email: input.email.toLowerCase() }
  const { did, handle, email, inviteCode } = reservation
  const subjects = [
    did,
    handle,
    email,
    ...(inviteCode === undefined ? [] : [`invite ${inviteCode}`]),
  ]
  return directory.lane.write(subjects, async (now) => {
    // First: whoever has no code learns nothing of the names that are taken.
    if (inviteCode !== undefined) await checkInviteCode(directory, inviteCode, did, now)
    const isConfirmed = await checkClaims(directory, reservation, now)
    if (isConfirmed) {
      // Whoever brings a DID may bring it once; a DID that is made here is new every time.
      if (input.isMigratingIn) throw alreadyExists()
      return { answer: undefined, statements: [] }
    }
    const invited = inviteCode === undefined ? [] : [insertInviteUse(inviteCode, did, now)]
    return {
      answer: undefined,
      statements: [
        ...deleteExpiredReservations(now),
        claim(reservation, now),
        insertInitialState(did, reservation),
        ...invited,
      ],
    }
  })
}

/**
 * Makes the account known and its birth complete, and notes that it is to be reminded of its first events. May be
 * repeated: what was said first counts. Throws 400 where the reservation is gone or over.
 */
export async function confirmAccount(
  directory: Directory,
  { did, ...confirmation }: Confirmation & { did: string },
): Promise<void> {
  await directory.lane.write([did], async (now) => {
    const own = await claimOf(directory, did)
    if (own === undefined || !isAlive(own, now)) {
      throw invalidRequest('The reservation has expired, please try again')
    }
    if (own.reservedUntil === null) {
      if (own.status === 'deactivated') await mustBeSame(directory, did, confirmation.tokenId)
      return { answer: undefined, statements: [] }
    }
    const arrives = own.status === 'deactivated'
    const statement = {
      sql: 'UPDATE account SET reserved_until = NULL, created_at = ?, delete_after = ? WHERE did = ?',
      params: [now, arrives ? now + MIGRATION_TIMEOUT_MS : null, did],
    }
    const used = arrives ? [deleteReservedKey(did)] : []
    const statements = [
      ...used,
      statement,
      completeInitialState(did, confirmation),
      insertReminder(did),
    ]
    return { answer: undefined, statements }
  })
  directory.withReminder.add(did)
}

/** Lets a reservation go. `released` is false, and nothing is changed, where the account is confirmed already. */
export async function releaseReservation(
  directory: Directory,
  { did }: { did: string },
): Promise<{ released: boolean }> {
  return directory.lane.write<{ released: boolean }>([did], async () => {
    const own = await claimOf(directory, did)
    if (own === undefined) return { answer: { released: true }, statements: [] }
    if (own.reservedUntil === null) return { answer: { released: false }, statements: [] }
    const drop = { sql: 'DELETE FROM account WHERE did = ?', params: [did] }
    return {
      answer: { released: true },
      statements: [deleteInviteUses(did), deleteInitialStates([did]), drop],
    }
  })
}

/** Throws where somebody else has a name; tells whether the account is confirmed with just these names. */
async function checkClaims(
  directory: Directory,
  { did, handle, email, isMigratingIn }: Reservation,
  now: number,
): Promise<boolean> {
  const claims = await directory.sql.all<Claim>(
    `SELECT did, handle, email, reserved_until AS reservedUntil FROM account
     WHERE did = ?1 OR handle = ?2 OR email = ?3
     UNION ALL
     SELECT did, handle, NULL, held_until FROM identity_change WHERE handle = ?2 AND did <> ?1`,
    did,
    handle,
    email,
  )
  const others = claims.filter((other) => other.did !== did && isAlive(other, now))
  if (others.some((other) => other.handle === handle)) {
    throw invalidRequest(`Handle already taken: ${handle}`)
  }
  if (others.length > 0) throw invalidRequest(`Email already taken: ${email}`)
  const own = claims.find((other) => other.did === did)
  if (own === undefined || own.reservedUntil !== null) return false
  if (own.handle === handle && own.email === email) return true
  if (isMigratingIn) throw alreadyExists()
  throw invalidRequest(`Account already exists: ${did}`)
}

function isAlive({ reservedUntil }: Claim, now: number): boolean {
  return reservedUntil === null || reservedUntil > now
}

function claimOf(directory: Directory, did: string): Promise<Claim | undefined> {
  return directory.sql.first<Claim>(
    `SELECT did, handle, email, reserved_until AS reservedUntil, status
     FROM account WHERE did = ?`,
    did,
  )
}

/** Two creations at once for one DID: the second must not be told that it has what the first has. */
async function mustBeSame({ sql }: Directory, did: string, tokenId: string): Promise<void> {
  const birth = await sql.first<{ tokenId: string }>(
    'SELECT token_id AS tokenId FROM birth WHERE did = ?',
    did,
  )
  if (birth !== undefined && birth.tokenId !== tokenId) throw alreadyExists()
}

/** The reference's words. */
function alreadyExists(): XrpcError {
  return invalidRequest('Repo already exists', 'AlreadyExists')
}

function claim({ did, handle, email, isMigratingIn }: Reservation, now: number): Statement {
  return {
    sql: `INSERT INTO account (did, handle, email, status, reserved_until) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT (did) DO UPDATE SET handle = excluded.handle, email = excluded.email,
            status = excluded.status, reserved_until = excluded.reserved_until`,
    params: [did, handle, email, isMigratingIn ? 'deactivated' : 'active', now + RESERVATION_MS],
  }
}

/** Deletes what was reserved and never confirmed; next to nothing where there is nothing. */
export function deleteExpiredReservations(now: number): Statement[] {
  const expired = 'FROM account WHERE reserved_until <= ?'
  return [
    { sql: `DELETE FROM invite_code_use WHERE used_by IN (SELECT did ${expired})`, params: [now] },
    { sql: `DELETE FROM birth WHERE did IN (SELECT did ${expired})`, params: [now] },
    { sql: `DELETE ${expired}`, params: [now] },
  ]
}
