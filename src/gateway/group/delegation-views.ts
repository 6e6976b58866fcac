/** Members and groups as Tranquil PDS lists them: the controllers of an account, and the accounts of a controller. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import { scopesOf } from '#src/gateway/group/delegation-presets.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { inParallel } from '#src/ports/in-parallel.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import type { Principal } from '#src/rules/acting-member.ts'

interface Controller {
  did: string
  handle: string | null
  grantedScopes: string
  grantedAt: string
  isActive: boolean
  isLocal: boolean
}

interface ControlledAccount {
  did: string
  handle: string
  grantedScopes: string
  grantedAt: string
}

type Server = Pick<ServerContext, 'dispatch' | 'resolver'>
const PAGE = 100
/** Handles of members of other servers to resolve, in the order of their DIDs; further members are listed without. */
const MAX_HANDLES = 100
const MAX_ACCOUNTS = 100
const ASKED_AT_ONCE = 4

/** All members, of which a group has 1,000 at most. Throws as `listMembers`. */
export async function listControllersOf(
  { dispatch, resolver }: Server,
  account: RemoteAccount,
  by: Principal,
): Promise<Controller[]> {
  const { roles } = await account.group.listRoles({ by })
  const scopes = new Map(roles.map((role) => [role.name, scopesOf(role)]))
  const members = []
  for (let cursor: string | undefined; ; ) {
    const page = await account.group.listMembers({ by, limit: PAGE, ...(cursor && { cursor }) })
    members.push(...page.members)
    cursor = page.cursor
    if (cursor === undefined) break
  }
  const dids = members.map(({ did }) => did)
  const infos = await dispatch.directory.accounts.getInfos({ dids })
  const here = new Map(infos.map((info) => [info.did, info]))
  const elsewhere = dids.filter((did) => !here.has(did)).slice(0, MAX_HANDLES)
  const handles = new Map(
    await Promise.all(elsewhere.map(async (did) => [did, await handleOf(resolver, did)] as const)),
  )
  return members.map(({ did, role, addedAt, expiresAt }) => {
    const info = here.get(did)
    const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()
    return {
      ...{ did, handle: info?.handle ?? handles.get(did) ?? null },
      ...{ grantedScopes: scopes.get(role) ?? '', grantedAt: addedAt },
      isActive: !isOver && (info === undefined || info.status === 'active'),
      isLocal: info !== undefined,
    }
  })
}

/** The first hundred groups of `member`. Each is asked since when it is a member. */
export async function listAccountsOf(
  { dispatch }: Server,
  member: string,
  by: Principal,
): Promise<ControlledAccount[]> {
  const { memberships } = dispatch.directory
  const { groups } = await memberships.list({ member, limit: MAX_ACCOUNTS })
  const found: ControlledAccount[] = []
  await inParallel(groups, ASKED_AT_ONCE, async ({ did, handle }) => {
    const asked = dispatch.account(did).group.getMember({ by: { ...by, did: member } })
    const membership = await asked.catch(endedSince)
    if (membership === undefined) return
    const { role: name, scope, addedAt: grantedAt } = membership
    found.push({ did, handle, grantedScopes: scopesOf({ name, scope }), grantedAt })
  })
  return found.sort((a, b) => (a.did < b.did ? -1 : 1))
}

/** The directory may be a moment behind, and a group may be taken down. */
function endedSince(error: unknown): undefined {
  if (!(error instanceof XrpcError) || error.status >= 500) throw error
}

async function handleOf(resolver: Server['resolver'], did: string): Promise<string | undefined> {
  const document = await resolver.resolve(did).catch(() => undefined)
  return document && claimedHandle(document)
}
