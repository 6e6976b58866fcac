/**
 * Signing in to an app as a group. The library's page would ask for the group's own password. So if it is not clear which
 * member acts as the group that an authorization request names, our own page asks first (`pages/act-as.ts`).
 */
import type { IncomingMessage } from 'node:http'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { RequestStore } from '@atproto/oauth-provider/store'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { forbidden } from '#src/errors.ts'
import { knownDevice, loadDevice } from '#src/gateway/oauth/device-cookies.ts'
import type { DeviceGroups, DeviceMembers } from '#src/gateway/oauth/device-groups.ts'
import { FRESH_SIGN_IN_MS } from '#src/gateway/oauth/group-provider.ts'
import { requestIdIn } from '#src/gateway/oauth/repeated-consent.ts'
import { requestContext } from '#src/gateway/oauth/request-context.ts'
import { shardOf } from '#src/gateway/oauth/shards.ts'
import { actAsPath } from '#src/gateway/pages/act-as-path.ts'

export interface ActAs {
  group: string
  member: string
  /** Whether the member has just signed in at its own server, which is not this one. */
  isProven?: boolean
}

export interface GroupSignIn {
  /** The page to show before the authorization page at `url`; undefined if none is needed. */
  pageFor(request: IncomingMessage, url: URL): Promise<string | undefined>
  membersOn(request: IncomingMessage, group: string): Promise<DeviceMembers>
  /**
   * Makes the member act as the group on this browser from now on; returns the Set-Cookie values. Throws 403 NotAMember
   * if it is not a member, or not signed in.
   */
  actAs(request: IncomingMessage, input: ActAs): Promise<string[]>
}

export function openGroupSignIn({
  provider,
  requests,
  groups,
  dispatch,
}: {
  provider: OAuthProvider
  requests: Pick<RequestStore, 'readRequest'>
  groups: DeviceGroups
  dispatch: Pick<Dispatch, 'authorization' | 'directory'>
}): GroupSignIn {
  const { directory } = dispatch

  async function membersOn(request: IncomingMessage, group: string): Promise<DeviceMembers> {
    const deviceId = await knownDevice((id) => shardOf(dispatch, id).devices.read({ id }), request)
    const none = { isItself: false, members: [], hasOthers: false }
    return deviceId === undefined ? none : groups.membersOn(deviceId, group)
  }

  /** The group that the authorization request names, if it names one. */
  async function wantedGroup(url: URL) {
    const id = requestIdIn(url.searchParams.get('request_uri'))
    const found = id && (await requests.readRequest(id))
    if (!found || found.did !== null || found.expiresAt.getTime() <= Date.now()) return undefined
    const { login_hint: hint, prompt } = found.parameters
    if (hint === undefined || prompt === 'none' || prompt === 'create') return undefined
    const group = await directory.accounts.find({ identifier: hint })
    if (group === null || !(await directory.memberships.isGroup({ did: group.did }))) {
      return undefined
    }
    return { ...group, mustSignIn: prompt === 'login' }
  }

  return {
    membersOn,

    async pageFor(request, url) {
      const group = await wantedGroup(url)
      if (group === undefined) return undefined
      const { did, handle, status, mustSignIn } = group
      requestContext().hintedGroup = { did, handle, status }
      const { isItself, members } = await membersOn(request, did)
      const since = Date.now() - FRESH_SIGN_IN_MS
      const [first, ...others] = members.filter(
        ({ signedInAt }) => !mustSignIn || signedInAt > since,
      )
      const isClear = first !== undefined && (others.length === 0 || first.chosenAt > since)
      if (isItself || isClear) return undefined
      const query = new URLSearchParams({ next: url.pathname + url.search })
      if (mustSignIn) query.set('again', '')
      return `${actAsPath}/${encodeURIComponent(handle)}?${query}`
    },

    async actAs(request, { group, member, isProven = false }) {
      const { deviceId, cookies } = await loadDevice(provider, request)
      const { members } = await groups.membersOn(deviceId, group)
      if (!isProven && !members.some(({ did }) => did === member)) {
        throw forbidden('This account is not signed in, or is no member of the group', 'NotAMember')
      }
      await groups.choose(deviceId, group, member, isProven)
      return cookies
    },
  }
}
