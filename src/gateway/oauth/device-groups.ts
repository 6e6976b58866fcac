/**
 * The groups of the accounts that are signed in on a browser, and which of them acts as each group. A group stores which
 * of its members acts on a browser; until one is chosen, that is the one that signed in last.
 */
import type { DeviceAccount } from '@atproto/oauth-provider/store'
import type { DeviceLink } from '#src/account/oauth/devices-and-clients.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { findOnDevice, type OnDevice, type StoredDevice } from '#src/gateway/oauth/on-device.ts'
import { authorizedClientsOf, type ProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { deviceOf } from '#src/gateway/oauth/shared-stores.ts'
import { type AccountStatus, may } from '#src/rules/states.ts'

export interface DeviceMember {
  did: string
  handle: string | undefined
  /** When it has signed in on this browser. */
  signedInAt: number
  /** When it was chosen to act as the group, or has signed in. */
  chosenAt: number
}

export interface DeviceMembers {
  /** Whether the group itself is signed in, with its own password. */
  isItself: boolean
  /** The accounts that may act as the group; the first one does. */
  members: DeviceMember[]
  /** Whether an account is signed in that is not a member. */
  hasOthers: boolean
}

export interface DeviceGroups {
  /** As the directory has it, without a call to the group. */
  membersOn(deviceId: string, group: string): Promise<DeviceMembers>
  /** The group, with the name of the member that acts as it; null if no member does. Sets `acting` in the request context. */
  find(deviceId: string, group: string): Promise<DeviceAccount | null>
  /** All groups; those that were not used on this browser have nothing but their names. Sets `acting` as `find` does. */
  list(
    deviceId: string,
    device: StoredDevice,
    signedIn: readonly OnDevice[],
  ): Promise<DeviceAccount[]>
  /** With `isSignIn` the member has just signed in at its own server. Throws 403 NotAMember. */
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
    const own = dids.includes(group) ? await findOnDevice(accounts, deviceId, group) : null
    const asked = await Promise.all(
      dids
        .filter((did) => did !== group)
        .map(async (did) => ({
          person: await findOnDevice(accounts, deviceId, did),
          isMember: (await memberships.find({ account: group, member: did })) !== null,
        })),
    )
    const persons = asked.flatMap(({ person, isMember }) =>
      person !== null && isPerson(person) ? [{ person, isMember }] : [],
    )
    const memberPersons = persons.filter(({ isMember }) => isMember).map(({ person }) => person)
    return {
      isItself: own !== null && own.link.member === undefined,
      members: await membersOf(group, memberPersons, own?.link),
      hasOthers: persons.length > memberPersons.length,
    }
  }

  function asMember(
    deviceId: string,
    device: StoredDevice,
    known: Pick<OnDevice, 'account' | 'clients' | 'role'>,
    member: DeviceMember,
  ): DeviceAccount | null {
    // Members do not see the email address of their group.
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

/** Whether the account itself signed in, and not too long ago: not a group that a member acts as. */
function isPerson({ account, link }: OnDevice): boolean {
  return link.member === undefined && isRecent(link.updatedAt) && may('logIn', account.status)
}

function isRecent(time: number): boolean {
  return time > Date.now() - SIGN_IN_LIFETIME_MS
}
