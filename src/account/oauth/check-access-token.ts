/** Checks an OAuth access token for each request, in memory after the first. */
import type { CachedAccessToken } from '#src/account/access-token-cache.ts'
import type { Account } from '#src/account/account.ts'
import { authRequired, invalidRequest } from '#src/errors.ts'
import type { Role } from '#src/rules/group-roles.ts'
import { MAX_PROOF_ID_LENGTH } from '#src/rules/recently-seen.ts'
import { may } from '#src/rules/states.ts'

/**
 * `proof` is the `jti` of the DPoP proof, accepted once. A retry of a call has the same `attempt`, so that it gets the
 * same result.
 */
export interface PresentedToken {
  id: string
  jkt: string
  proof: string
  attempt: string
}

export type Refusal = 'unknown' | 'expired' | 'replayed'

export interface AcceptedToken {
  scope: string
  expiresAt: number
  session: string
  clientId: string
  /** Who acts as the account, a group, with the role that it has now. */
  member?: { did: string } & Pick<Role, 'name' | 'revision' | 'scope'>
}

/** Throws 401 AccountTakedown, and 400 for a proof whose id is too long. */
export async function checkAccessToken(
  account: Account,
  presented: PresentedToken,
): Promise<AcceptedToken | { refusal: Refusal }> {
  if (presented.proof.length > MAX_PROOF_ID_LENGTH) throw invalidRequest('The jti is too long')
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') return { refusal: 'unknown' }
  if (!may('manage', row.status)) {
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const { tokens, proofs } = account.accessTokens
  const token = tokens.get(presented.id) ?? (await load(account, presented.id))
  if (token === undefined || token.jkt !== presented.jkt) return { refusal: 'unknown' }
  const now = account.clock.now()
  if (token.expiresAt <= now) return { refusal: 'expired' }
  if (!proofs.isNew(presented.proof, now, presented.attempt)) return { refusal: 'replayed' }
  const { scope, expiresAt, session, clientId, member: did } = token
  const accepted = { scope, expiresAt, session, clientId }
  if (did === undefined) return accepted
  const membership = await account.members.find(did, now)
  if (membership === undefined) return { refusal: 'unknown' }
  const { name, revision, scope: roleScope } = membership.role
  return { ...accepted, member: { did, name, revision, scope: roleScope } }
}

async function load(account: Account, id: string): Promise<CachedAccessToken | undefined> {
  const { tokens } = account.accessTokens
  const row = await account.sql.first<{
    data: string
    session: string
    expiresAt: number
    member: string | null
  }>(
    `SELECT data, session, expires_at AS expiresAt, member FROM oauth WHERE kind = 'token' AND id = ?`,
    id,
  )
  if (row === undefined) return undefined
  const { clientId, scope, parameters } = JSON.parse(row.data) as {
    clientId?: string
    scope: string | null
    parameters: { dpop_jkt?: string; scope?: string }
  }
  const token = {
    jkt: parameters.dpop_jkt,
    scope: scope ?? parameters.scope ?? '',
    expiresAt: row.expiresAt,
    session: row.session,
    clientId: clientId ?? '',
    member: row.member ?? undefined,
  }
  // If tokens have changed during the read, this is the map that was replaced.
  tokens.set(id, token)
  return token
}
