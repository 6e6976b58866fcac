/**
 * The groups of those who are signed in on a browser, and who of them acts as each. A group keeps with the browser which
 * of its members acts there; before one was chosen, it is the one that has signed in last.
 */
import type { DeviceAccount } from '@atproto/oauth-provider/store'
import type { DeviceLink } from '#src/account/oauth/devices-and-clients.ts'
import type { Dispatch, RemoteAccount } from '#src/engine/dispatch.ts'
import { authorizedClientsOf, type ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { deviceOf } from '#src/gateway/oauth/shared-stores.ts'
import { type AccountStatus, may } from '#src/rules/states.ts'

/** What an account says of itself on a browser. */
export type OnDevice = NonNullable<Awaited<ReturnType<RemoteAccount['oauth']['findOnDevice']>>>
type StoredDevice = Parameters<typeof deviceOf>[0]

export interface DeviceMember {
  did: string
  handle: string | undefined
  /** When it has signed in on this browser. */
  signedInAt: number
  /** When it was chosen to act as the group, or has signed in. */
  chosenAt: number
}

export interface DeviceMembers {
  /** The group itself is signed in, with its own password. */
  isItself: boolean
  /** Those who may act as the group, of whom the first one does. */
  members: DeviceMember[]
  /** Whether someone is signed in who is no member. */
  hasOthers: boolean
}

export interface DeviceGroups {
  /** By the directory, without asking the group. */
  membersOn(deviceId: string, group: string): Promise<DeviceMembers>
  /** The group as the member that acts as it; null if there is none. Notes who it is in the request context. */
  find(deviceId: string, group: string): Promise<DeviceAccount | null>
  /** All groups, of which those that were not used on this browser are known by their names only. Notes as `find`. */
  list(
    deviceId: string,
    device: StoredDevice,
    signedIn: readonly OnDevice[],
  ): Promise<DeviceAccount[]>
  /** With `isSignIn` it has just signed in at its own server. Throws 403 NotAMember. */
  choose(deviceId: string, group: string, member: string, isSignIn?: boolean): Promise<void>
}

/** As long as the OAuth library lets a sign-in count. */
const SIGN_IN_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000
/** Of each account that is signed in. */
const MAX_LISTED_GROUPS = 50

export function openDeviceGroups({
  dispatch,
  accounts,
}: {
  dispatch: Pick<Dispatch, 'authorization' | 'directory'>
  accounts: ProviderAccounts
}): DeviceGroups {
  const { memberships } = dispatch.directory
  const devices = (id: string) => shardOf(dispatch, id).devices

  async function onDevice(deviceId: string, did: string): Promise<OnDevice | undefined> {
    return (await (await accounts.find(did))?.oauth.findOnDevice({ deviceId })) ?? undefined
  }

  /** A member from another server, which has signed in there to be chosen here. */
  async function fromElsewhere({
    member,
    createdAt,
    updatedAt,
  }: DeviceLink): Promise<DeviceMember[]> {
    if (member === undefined || (await accounts.find(member)) !== undefined) return []
    if (!isRecent(createdAt)) return []
    return [{ did: member, handle: undefined, signedInAt: createdAt, chosenAt: updatedAt }]
  }

  async function membersOf(
    group: string,
    persons: readonly OnDevice[],
    link: DeviceLink | undefined,
  ): Promise<DeviceMember[]> {
    const members = persons.map(({ account: { did, handle }, link: { updatedAt } }) => ({
      ...{ did, handle: handle ?? undefined, signedInAt: updatedAt },
      chosenAt: Math.max(updatedAt, link?.member === did ? link.updatedAt : 0),
    }))
    const others = link === undefined ? [] : await fromElsewhere(link)
    return [...members, ...others]
      .filter(({ did }) => did !== group)
      .sort((a, b) => b.chosenAt - a.chosenAt)
  }

  async function membersOn(deviceId: string, group: string): Promise<DeviceMembers> {
    const found = await devices(deviceId).readWithAccounts({ id: deviceId })
    const dids = found?.dids ?? []
    const own = dids.includes(group) ? await onDevice(deviceId, group) : undefined
    const asked = await Promise.all(
      dids
        .filter((did) => did !== group)
        .map(async (did) => ({
          person: await onDevice(deviceId, did),
          isMember: (await memberships.find({ account: group, member: did })) !== null,
        })),
    )
    const persons = asked.flatMap(({ person, isMember }) =>
      person !== undefined && isPerson(person) ? [{ person, isMember }] : [],
    )
    const those = persons.filter(({ isMember }) => isMember).map(({ person }) => person)
    return {
      isItself: own !== undefined && own.link.member === undefined,
      members: await membersOf(group, those, own?.link),
      hasOthers: persons.length > those.length,
    }
  }

  function asMember(
    deviceId: string,
    device: StoredDevice,
    known: Pick<OnDevice, 'account' | 'clients' | 'role'>,
    member: DeviceMember,
  ): DeviceAccount | null {
    // The address of the group is none of its members.
    const shown = accounts.toAccount({ ...known.account, email: null })
    if (shown === undefined) return null
    const { did: group, handle } = known.account
    const name = `${known.account.displayName ?? handle ?? group} (${member.handle ?? member.did})`
    requestContext().acting?.set(group, {
      ...{ deviceId, member: member.did, signedInAt: member.signedInAt },
      ...(known.role && { role: known.role }),
    })
    return {
      deviceId: deviceId as DeviceAccount['deviceId'],
      deviceData: deviceOf(device),
      account: { ...shown, name },
      authorizedClients: authorizedClientsOf(known.clients),
      createdAt: new Date(member.signedInAt),
      updatedAt: new Date(member.signedInAt),
    }
  }

  /** Who is a member of which group, and what the directory knows of the groups. */
  async function groupsOf(persons: readonly OnDevice[]) {
    const { hintedGroup } = requestContext()
    const groups = new Map<string, { persons: OnDevice[]; handle: string; status: string }>()
    for (const person of persons) {
      const { did } = person.account
      const listed = await memberships.list({ member: did, limit: MAX_LISTED_GROUPS })
      const all = listed.groups.map(({ did, handle, status }) => ({ did, handle, status }))
      const isMissing = hintedGroup && !all.some(({ did }) => did === hintedGroup.did)
      const hint = isMissing && (await memberships.find({ account: hintedGroup.did, member: did }))
      for (const group of hint ? [...all, hintedGroup] : all) {
        const known = groups.get(group.did)
        groups.set(group.did, { ...group, persons: [...(known?.persons ?? []), person] })
      }
    }
    return groups
  }

  return {
    membersOn,

    async find(deviceId, group) {
      const device = await devices(deviceId).read({ id: deviceId })
      if (device === null) return null
      const [member] = (await membersOn(deviceId, group)).members
      if (member === undefined) return null
      const account = await accounts.find(group)
      const known = await account?.oauth.describe({ member: member.did })
      return known ? asMember(deviceId, device, known, member) : null
    },

    async list(deviceId, device, signedIn) {
      const chosen = new Map(
        signedIn
          .filter(({ link }) => link.member !== undefined)
          .map((one) => [one.account.did, one]),
      )
      const itself = new Set(
        signedIn.filter((one) => !chosen.has(one.account.did)).map(({ account }) => account.did),
      )
      const groups = await groupsOf(signedIn.filter(isPerson))
      for (const did of chosen.keys()) {
        if (!groups.has(did)) groups.set(did, { persons: [], handle: '', status: '' })
      }
      const shown = await Promise.all(
        [...groups]
          .filter(([did]) => !itself.has(did))
          .map(async ([did, { persons, handle, status }]) => {
            const used = chosen.get(did)
            const [member] = await membersOf(did, persons, used?.link)
            if (member === undefined) return null
            if (used?.link.member === member.did) return asMember(deviceId, device, used, member)
            const account = used?.account ?? {
              ...{ did, handle, email: null, emailConfirmed: false },
              status: status as AccountStatus,
            }
            return asMember(deviceId, device, { account, clients: {} }, member)
          }),
      )
      return shown.filter((one) => one !== null)
    },

    async choose(deviceId, group, member, isSignIn = false) {
      const account = await accounts.find(group)
      if (account === undefined) return
      await account.oauth.signInOnDevice({ deviceId, member, isSignIn })
      await devices(deviceId).setAccount({ id: deviceId, did: group, signedIn: true })
    },
  }
}

/** Someone who has signed in, not too long ago, and not a group as which someone acts. */
function isPerson({ account, link }: OnDevice): boolean {
  return link.member === undefined && isRecent(link.updatedAt) && may('logIn', account.status)
}

function isRecent(moment: number): boolean {
  return moment > Date.now() - SIGN_IN_LIFETIME_MS
}
