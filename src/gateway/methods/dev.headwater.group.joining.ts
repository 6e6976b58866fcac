/** dev.headwater.group: invitations, join requests and the ownership of a group. */
import { randomBytes } from 'node:crypto'
import { invalidRequest } from '#src/errors.ts'
import {
  aboutGroup,
  byOf,
  mayCall,
  momentOf,
  mustBePrincipal,
  onGroup,
} from '#src/gateway/methods/group-methods.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const DEFAULT_MS = 7 * DAY_MS
const MAX_MS = 366 * DAY_MS

export const createInvite = method(group.createInvite, {
  ...onGroup,
  oauth: mayCall(group.createInvite),
  run: async (call) => {
    const { account: _, reason: __, expiresAt, for: forWhom, ...input } = call.input
    if (forWhom !== undefined) await mustBePrincipal(call.server, forWhom)
    const token = randomBytes(24).toString('base64url')
    const now = Date.now()
    const until = expiresAt === undefined ? now + DEFAULT_MS : momentOf(expiresAt)
    if (until > now + MAX_MS) throw invalidRequest('An invitation lasts for a year at most')
    const invite = await call.account.group.createInvite({
      ...{ ...input, by: byOf(call), token, expiresAt: until },
      ...(forWhom !== undefined && { for: forWhom }),
    })
    return { invite, token }
  },
})

export const listInvites = method(group.listInvites, {
  ...aboutGroup,
  oauth: mayCall(group.listInvites),
  run: (call) => call.account.group.listInvites({ by: byOf(call) }),
})

export const revokeInvite = method(group.revokeInvite, {
  ...onGroup,
  oauth: mayCall(group.revokeInvite),
  run: async (call) => {
    await call.account.group.revokeInvite({ by: byOf(call), id: call.input.id })
    return undefined
  },
})

export const acceptInvite = method(group.acceptInvite, {
  ...onGroup,
  oauth: mayCall(group.acceptInvite),
  run: async (call) => {
    await mustBePrincipal(call.server, call.caller.did)
    const { token, text } = call.input
    return call.account.group.acceptInvite({
      ...{ by: byOf(call), token },
      ...(text !== undefined && { text }),
    })
  },
})

export const listJoinRequests = method(group.listJoinRequests, {
  ...aboutGroup,
  oauth: mayCall(group.listJoinRequests),
  run: (call) => call.account.group.listJoinRequests({ by: byOf(call) }),
})

export const resolveJoinRequest = method(group.resolveJoinRequest, {
  ...onGroup,
  oauth: mayCall(group.resolveJoinRequest),
  run: (call) => {
    const { did, accept, role } = call.input
    return call.account.group.resolveJoinRequest({
      ...{ by: byOf(call), did, accept },
      ...(role !== undefined && { role }),
    })
  },
})

export const offerOwnership = method(group.offerOwnership, {
  ...onGroup,
  oauth: mayCall(group.offerOwnership),
  run: async (call) => {
    const { to } = call.input
    await mustBePrincipal(call.server, to)
    return call.account.group.offerOwnership({ by: byOf(call), to })
  },
})

export const acceptOwnership = method(group.acceptOwnership, {
  ...onGroup,
  oauth: mayCall(group.acceptOwnership),
  run: async (call) => {
    await mustBePrincipal(call.server, call.caller.did)
    return call.account.group.acceptOwnership({ by: byOf(call) })
  },
})
