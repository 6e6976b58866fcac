/** Whether a token may be used for a request, asked for every request: all it takes is in memory after the first. */
import type { CachedAccessToken } from '#src/account/access-token-cache.ts'
import type { Account } from '#src/account/account.ts'
import { authRequired } from '#src/errors.ts'
import { may } from '#src/rules/states.ts'

/** A token as a request shows it. */
export interface PresentedToken {
  id: string
  /** Thumbprint of the key that it must be bound to. */
  jkt: string
  /** The id of the proof; good once. */
  proof: string
  /** Who asks: a call that is made again, because its answer was lost, hears the same. */
  attempt: string
}

/** Why a request is not admitted. */
export type Refusal = 'unknown' | 'expired' | 'replayed'

/** What the token may do, as a scope; or why it may nothing. Throws 401 AccountTakedown. */
export async function checkAccessToken(
  account: Account,
  shown: PresentedToken,
): Promise<{ scope: string; expiresAt: number } | { refusal: Refusal }> {
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') return { refusal: 'unknown' }
  if (!may('prepare', row.status)) {
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const token = account.accessTokens.tokens.get(shown.id) ?? (await load(account, shown.id))
  if (token === undefined || token.jkt !== shown.jkt) return { refusal: 'unknown' }
  const now = account.clock.now()
  if (token.expiresAt <= now) return { refusal: 'expired' }
  if (!account.accessTokens.proofs.isNew(shown.proof, now, shown.attempt))
    return { refusal: 'replayed' }
  return { scope: token.scope, expiresAt: token.expiresAt }
}

async function load(account: Account, id: string): Promise<CachedAccessToken | undefined> {
  const { tokens } = account.accessTokens
  const row = await account.sql.first<{ data: string; expiresAt: number }>(
    `SELECT data, expires_at AS expiresAt FROM oauth WHERE kind = 'token' AND id = ?`,
    id,
  )
  if (row === undefined) return undefined
  const { scope, parameters } = JSON.parse(row.data) as {
    scope: string | null
    parameters: { dpop_jkt?: string; scope?: string }
  }
  const token = {
    jkt: parameters.dpop_jkt,
    scope: scope ?? parameters.scope ?? '',
    expiresAt: row.expiresAt,
  }
  // What was read before tokens changed is in a map that nobody looks at any more.
  tokens.set(id, token)
  return token
}
