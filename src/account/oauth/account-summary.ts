/** The account as the sign-in pages show it: name, avatar, email. */
import type { Account } from '#src/account/account.ts'
import { fromHex } from '#src/ports/sql.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import type { AccountStatus } from '#src/rules/states.ts'

export interface AccountSummary {
  did: string
  handle: string | null
  email: string | null
  emailConfirmed: boolean
  status: AccountStatus
  displayName?: string
  avatar?: unknown
}

const PROFILE = 'app.bsky.actor.profile/self'
const MAX_PROFILE_BYTES = 12_000

export async function describeAccount(account: Account): Promise<AccountSummary | null> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') return null
  const { handle, email, emailConfirmedAt, status } = row
  return {
    did: account.did,
    handle,
    email,
    emailConfirmed: emailConfirmedAt !== null,
    status,
    ...(await readProfile(account)),
  }
}

async function readProfile({
  sql,
}: Account): Promise<Pick<AccountSummary, 'displayName' | 'avatar'>> {
  const found = await sql.first<{ value: string }>(
    `SELECT hex(value) AS value FROM record WHERE path = ? AND length(value) <= ${MAX_PROFILE_BYTES}`,
    PROFILE,
  )
  if (found === undefined) return {}
  const { displayName, avatar } = readable(fromHex(found.value))
  return {
    ...(typeof displayName === 'string' && displayName !== '' && { displayName }),
    ...(avatar !== undefined && { avatar }),
  }
}

// A profile that cannot be read must not keep its owner from signing in.
function readable(block: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(recordJson(block)) as Record<string, unknown>
  } catch {
    return {}
  }
}
