/** Checks an OAuth access token for each request, in memory after the first. */
import type { Account } from '#src/account/account.ts'
import { authRequired } from '#src/errors.ts'
import { DPOP_PROOF_LIFETIME_MS, RecentlySeen } from '#src/rules/recently-seen.ts'
import { may } from '#src/rules/states.ts'

export interface PresentedToken {
  id: string
  /** Thumbprint of the DPoP key, which the token must be bound to. */
  jkt: string
  /** `jti` of the DPoP proof; accepted once. */
  proof: string
  /** The same for a retry of one call, so that the retry gets the same result. */
  attempt: string
}

export type Refusal = 'unknown' | 'expired' | 'replayed'

interface Admitted {
  jkt: string | undefined
  scope: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

interface Memory {
  tokens: Map<string, Admitted>
  proofs: RecentlySeen
}

const MAX_TOKENS = 1000

const memories = new WeakMap<Account, Memory>()

/** The token's scope, or why the token is refused. Throws 401 AccountTakedown. */
export async function checkAccessToken(
  account: Account,
  shown: PresentedToken,
): Promise<{ scope: string; expiresAt: number } | { refusal: Refusal }> {
  const memory = memoryOf(account)
  const row = await account.profile.find()
  if (row === undefined || row.status === 'deleted') return { refusal: 'unknown' }
  if (!may('prepare', row.status)) {
    throw authRequired('Account has been taken down', 'AccountTakedown')
  }
  const token = memory.tokens.get(shown.id) ?? (await load(account, memory, shown.id))
  if (token === undefined || token.jkt !== shown.jkt) return { refusal: 'unknown' }
  const now = account.clock.now()
  if (token.expiresAt <= now) return { refusal: 'expired' }
  if (!memory.proofs.isNew(shown.proof, now, shown.attempt)) return { refusal: 'replayed' }
  return { scope: token.scope, expiresAt: token.expiresAt }
}

/** Call whenever tokens were changed or revoked. */
export function clearTokenCache(account: Account): void {
  memoryOf(account).tokens = new Map()
}

async function load(account: Account, memory: Memory, id: string): Promise<Admitted | undefined> {
  const { tokens } = memory
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
  // If tokens have changed during the read, this is the map that was replaced.
  tokens.set(id, token)
  const [oldest] = tokens.keys()
  if (tokens.size > MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
  return token
}

function memoryOf(account: Account): Memory {
  const known = memories.get(account)
  if (known !== undefined) return known
  const memory = {
    tokens: new Map<string, Admitted>(),
    proofs: new RecentlySeen(DPOP_PROOF_LIFETIME_MS),
  }
  memories.set(account, memory)
  return memory
}
