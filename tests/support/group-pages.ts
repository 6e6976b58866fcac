/** The pages of groups over a real group account, and browsers that are signed in as its members or others. */
import { accountActions } from '#actors/actions/account.ts'
import type { OwnArchives } from '#src/gateway/archives/open-own-archives.ts'
import { openMemberAuthority } from '#src/gateway/group/member-authority.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import type { PageStreams } from '#src/gateway/pages/live/page-streams.ts'
import { now, openGateway } from '#tests/support/gateway.ts'
import { eddie, makeGroup, olga } from '#tests/support/group-scenarios.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

export const ada = 'did:plc:adaadmin'
export const nonMember = 'did:plc:someoneelse'
export const groupHandle = 'group.test'
export const csrf = 'c'.repeat(32)
const base = `/groups/${groupHandle}`

const people: Record<string, string> = {
  [olga]: 'olga.test',
  [ada]: 'ada.test',
  [eddie]: 'eddie.test',
  [nonMember]: 'other.test',
}

export interface GroupPages {
  group: OpenAccount
  /** The actions of the group's account that were called, such as `group.addMember`. */
  calls: string[]
  get(as: string, path: string): Promise<Response>
  /** `fields` without the token of the form: it is added. */
  post(as: string, path: string, fields?: Record<string, string>): Promise<Response>
  request(path: string, init: RequestInit): Promise<Response>
  /** Any path of the server. */
  open(as: string, path: string): Promise<Response>
}

/** Olga is the owner, Ada an admin, and Eddie an editor; all paths are below the group's. */
export async function openGroupPages(
  live?: PageStreams,
  migrations?: Migrations,
  archives?: { own: Partial<OwnArchives> },
): Promise<GroupPages> {
  const group = await openTestAccount({ clock: { now: () => now } })
  await makeGroup(group, { [ada]: 'admin', [eddie]: 'editor' })
  const calls: string[] = []
  const groupAccount = new Proxy({} as object, {
    get: (_, feature: string) =>
      new Proxy({} as object, {
        get: (_, action: string) => async (input: never) => {
          calls.push(`${feature}.${action}`)
          const actions = accountActions as unknown as Record<
            string,
            Record<string, (...args: unknown[]) => unknown>
          >
          return actions[feature]![action]!(group, input)
        },
      }),
  })
  const person = (did: string) => ({
    page: { check: async () => {} },
    identity: { getIdentity: async () => ({ handle: people[did] }) },
  })
  const find = async ({ identifier }: { identifier: string }) => {
    if (identifier === 'other@example.com') {
      return { did: nonMember, handle: 'other.test', status: 'active' }
    }
    if ([testDid, groupHandle, 'group@example.com'].includes(identifier)) {
      return { did: testDid, handle: groupHandle, status: 'active' }
    }
    const did = Object.keys(people).find((one) => one === identifier || people[one] === identifier)
    return did === undefined ? null : { did, handle: people[did], status: 'active' }
  }
  const memberships = {
    isGroup: async ({ did }: { did: string }) => did === testDid,
    list: async () => ({ groups: [] }),
    find: async ({ member }: { member: string }) => {
      const found = await group.members.find(member, now)
      return found === undefined ? null : { role: found.role.name }
    },
  }
  const getInfos = async ({ dids }: { dids: string[] }) =>
    dids.flatMap((did) => (people[did] === undefined ? [] : [{ did, handle: people[did] }]))
  const gateway = openGateway()
  const dispatch = {
    ...gateway.server.dispatch,
    isAwake: () => true,
    account: (did: string) => (did === testDid ? groupAccount : person(did)),
    directory: { accounts: { find, getInfos }, memberships, settings: {} },
  } as never
  const clock = { now: () => now }
  const findAccount = async (name: string) => (await find({ identifier: name }))?.did
  const { resolver, service } = gateway.server
  const members = openMemberAuthority({ dispatch, findAccount, clock, resolver, service })
  const server = {
    ...gateway.server,
    dispatch,
    ...(archives !== undefined && { archives: archives as never }),
  }
  const { app } = openGateway(
    {},
    {
      server,
      findAccount,
      pages: {
        ...pagePorts(clock),
        members,
        ...(live !== undefined && { live }),
        ...(migrations !== undefined && { migrations }),
      },
    },
  )
  const cookieOf = (as: string) => `security-form=${csrf}; security-account=token.${as}`
  const request = async (path: string, init: RequestInit) => app.request(`${base}${path}`, init)
  return {
    group,
    calls,
    request,
    open: async (as, path) => app.request(path, { headers: { cookie: cookieOf(as) } }),
    get: (as, path) => request(path, { headers: { cookie: cookieOf(as) } }),
    post: (as, path, fields = {}) =>
      request(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: cookieOf(as),
        },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      }),
  }
}
