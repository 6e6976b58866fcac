/** The provider's TokenStore: accounts store their grants; the token index in the shards maps token hashes to accounts. */
import { InvalidGrantError } from '@atproto/oauth-provider/errors'
import type { TokenData, TokenInfo, TokenStore } from '@atproto/oauth-provider/store'
import type { FoundGrant, Grant } from '#src/account/oauth/grants.ts'
import type { Dispatch, RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { memberIn } from '#src/gateway/oauth/acting-parameters.ts'
import { actingAs, allowedMember, hasActing } from '#src/gateway/oauth/member-account-area.ts'
import type { ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import type { Acting } from '#src/gateway/oauth/request-context.ts'
import { hashSecret, shardOf } from '#src/gateway/oauth/shards.ts'
import { CODE_TTL_MS } from '#src/gateway/oauth/shared-stores.ts'
import type { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import { asMember } from '#src/rules/acting-member.ts'
import { mayManage } from '#src/rules/group-roles.ts'
import { commonScopes } from '#src/rules/scope-coverage.ts'

export interface TokenStorePorts {
  dispatch: Pick<Dispatch, 'authorization'>
  accounts: ProviderAccounts
  backgroundTasks: Pick<BackgroundTasks, 'runIfFree'>
}

const INDEX_TTL_MS = 93 * 24 * 60 * 60 * 1000

type StoredData = Omit<TokenData, 'createdAt' | 'updatedAt' | 'expiresAt'>

export function tokenStore({ dispatch, accounts, backgroundTasks }: TokenStorePorts): TokenStore {
  const tokenIndex = (name: string) => shardOf(dispatch, name).tokenIndex

  const addToIndex = (name: string, did: string) =>
    tokenIndex(name).put({ hash: hashSecret(name), did, ttlMs: INDEX_TTL_MS })

  async function accountOf(name: string) {
    const found = await tokenIndex(name).find({ hash: hashSecret(name) })
    return found === null ? undefined : accounts.findByToken(found.did)
  }

  /** By a member of the account, on its page. */
  async function removeAsMember(account: RemoteAccount, id: string): Promise<boolean> {
    if (!hasActing()) return false
    const grant = await account.oauth.findGrant({ id })
    const { did, clientId } = grant ? infoOf(grant).data : { did: '', clientId: '' }
    const by = allowedMember(did, () => {})
    if (by !== undefined) await asMember(account, by).oauth.removeGrant({ id, clientId })
    return by !== undefined
  }

  async function find(
    name: string,
    by: Parameters<NonNullable<Awaited<ReturnType<typeof accountOf>>>['oauth']['findGrant']>[0],
    refreshToken: string | null,
  ): Promise<TokenInfo | null> {
    const owner = await accountOf(name)
    const grant: FoundGrant | null | undefined = await owner?.oauth.findGrant(by)
    const described = grant && (await owner?.oauth.describe())
    const account = described && accounts.toAccount(described.account)
    if (!grant || !account) return null
    const acting = actingAs(account.did)
    if (acting !== undefined && !mayManageGrant(acting, grant)) return null
    if (refreshToken !== null && !(await isMemberSignedIn(grant))) return null
    const isCurrent = refreshToken !== null && grant.refreshHash === hashSecret(refreshToken)
    const currentRefreshToken = isCurrent
      ? (refreshToken as TokenInfo['currentRefreshToken'])
      : null
    return { ...infoOf(grant), account, currentRefreshToken }
  }

  /** Also ended by a new password of the member's own account, and by its takedown. */
  async function isMemberSignedIn({ member, createdAt }: Grant): Promise<boolean> {
    const own = member === undefined ? undefined : await accounts.findByToken(member)
    if (own === undefined) return true
    const found = await own.oauth.describe({ signedInAt: createdAt })
    return found !== null && accounts.toAccount(found.account) !== undefined
  }

  /** The entry is harmless and expires, so it is left if there is too much else to do. */
  function removeLater(id: string): void {
    backgroundTasks.runIfFree(() => tokenIndex(id).remove({ hash: hashSecret(id) }))
  }

  async function authorizationTime(code: string): Promise<number | undefined> {
    const found = await tokenIndex(code).find({ hash: hashSecret(code) })
    return found?.expiresAt === undefined ? undefined : found.expiresAt - CODE_TTL_MS
  }

  return {
    async createToken(id, data, refreshToken) {
      const { did, code } = data
      const member = memberIn(data.parameters)
      // Index first, then the grant: an index entry without a grant is harmless.
      await Promise.all([addToIndex(id, did), refreshToken && addToIndex(refreshToken, did)])
      const account = await accounts.findByToken(did)
      if (account === undefined) throw new InvalidGrantError('Account not found')
      const authorizedAt = code && (await authorizationTime(code))
      await withGrantErrors(() =>
        account.oauth.createGrant({
          ...grantOf(id, data, refreshToken),
          codeHash: code && hashSecret(code),
          ...(member !== undefined && { member }),
          ...(authorizedAt && { authorizedAt }),
        }),
      )
    },
    readToken: (id) => find(id, { id }, null),
    async deleteToken(id) {
      const account = await accountOf(id)
      if (account !== undefined && !(await removeAsMember(account, id))) {
        await account.oauth.removeGrant({ id })
      }
      removeLater(id)
    },
    async rotateToken(id, newId, newRefreshToken, { clientAuth, expiresAt, updatedAt, scope }) {
      const account = await accountOf(id)
      const grant = await account?.oauth.findGrant({ id })
      if (!account || !grant) throw new InvalidGrantError('Refresh token replayed')
      const { data } = infoOf(grant)
      await Promise.all([addToIndex(newId, data.did), addToIndex(newRefreshToken, data.did)])
      const next = { ...data, clientAuth, expiresAt, updatedAt, scope }
      await withGrantErrors(() =>
        account.oauth.rotateGrant({ id, next: grantOf(newId, next, newRefreshToken) }),
      )
      removeLater(id)
    },
    findTokenByRefreshToken: (token) => find(token, { refreshHash: hashSecret(token) }, token),
    findTokenByCode: (code) => find(code, { codeHash: hashSecret(code) }, null),
    async listAccountTokens(did) {
      const owner = await accounts.find(did)
      const described = await owner?.oauth.describe()
      const account = described && accounts.toAccount(described.account)
      if (!owner || !account) return []
      const acting = actingAs(did)
      const isOwnOnly = acting !== undefined && !mayManageApps(acting)
      const grants = await owner.oauth.listGrants(isOwnOnly ? { member: acting.member } : {})
      return grants.map((grant) => ({ ...infoOf(grant), account, currentRefreshToken: null }))
    },
  }
}

async function withGrantErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof XrpcError) || error.error !== 'InvalidGrant') throw error
    throw new InvalidGrantError(error.message, error)
  }
}

function grantOf(id: string, data: TokenData, refreshToken: string | undefined): Grant {
  const { createdAt, updatedAt, expiresAt, code: _, ...stored } = data
  return {
    id,
    refreshHash: refreshToken === undefined ? null : hashSecret(refreshToken),
    data: JSON.stringify(stored),
    expiresAt: expiresAt.getTime(),
    createdAt: createdAt.getTime(),
    updatedAt: updatedAt.getTime(),
  }
}

function mayManageApps({ role }: Acting): boolean {
  return role !== undefined && mayManage(role, 'apps')
}

function mayManageGrant(acting: Acting, { member }: Grant): boolean {
  return member === acting.member || mayManageApps(acting)
}

/** The scope of a member's grant is what its role allows of it. */
function infoOf({ id, data, roleScope, ...times }: FoundGrant): Pick<TokenInfo, 'id' | 'data'> {
  const stored = JSON.parse(data) as Omit<StoredData, 'code'>
  return {
    id: id as TokenInfo['id'],
    data: {
      ...stored,
      ...(roleScope !== undefined && { scope: allowedScope(stored, roleScope) }),
      code: null,
      createdAt: new Date(times.createdAt),
      updatedAt: new Date(times.updatedAt),
      expiresAt: new Date(times.expiresAt),
    },
  }
}

function allowedScope({ scope, parameters }: Omit<StoredData, 'code'>, roleScope: string): string {
  const granted = scope ?? parameters.scope ?? ''
  return commonScopes(roleScope.split(' '), granted.split(' ')).join(' ')
}
