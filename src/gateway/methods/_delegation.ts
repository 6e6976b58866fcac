/**
 * `_delegation.*` as in Tranquil PDS, where members of a group are its controllers. The account is the caller's own or, in a
 * member's session as a group or with `act-as`, that group.
 */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { delegationAuditEntry } from '#src/gateway/group/delegation-audit.ts'
import * as delegation from '#src/gateway/group/delegation-lexicons.ts'
import { presets, roleFor } from '#src/gateway/group/delegation-presets.ts'
import { listAccountsOf, listControllersOf } from '#src/gateway/group/delegation-views.ts'
import { resolveIdentity } from '#src/gateway/identity/resolve-identity.ts'
import { create as createGroup } from '#src/gateway/methods/dev.headwater.group.creating.ts'
import {
  byOf,
  convertOwn,
  mayCall,
  mustBePrincipal,
  mustMayCall,
  onGroup,
} from '#src/gateway/methods/group-methods.ts'
import type { PrincipalCaller } from '#src/gateway/xrpc/callers.ts'
import { type AccountMethodCall, method } from '#src/gateway/xrpc/method.ts'
import type { Schema } from '#src/gateway/xrpc/method-schema.ts'
import { serviceEndpoint } from '#src/protocol/did-document.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

const MAX_PAGE = 100

const own = { ...onGroup, of: accountOf } as const
const aboutOwn = { ...own, auth: 'principal' } as const

function accountOf({ caller }: { caller: PrincipalCaller }): string {
  return caller.group ?? caller.did
}

export const listControllers = method(delegation.listControllers, {
  ...aboutOwn,
  oauth: mayCall(group.listMembers),
  run: async (call) => ({
    controllers: await listControllersOf(call.server, call.account, byOf(call)),
  }),
})

export const addController = method(delegation.addController, {
  ...own,
  oauth: mayCall(group.addMember),
  run: async (call) => {
    const { controller_did: did, granted_scopes: scopes } = call.input
    const { server, account } = call
    await withTheirErrors(async () => {
      if ((await server.resolver.resolve(did)) === undefined) throw controllerNotFound()
      await mustBePrincipal(server, did)
      const by = byOf(call)
      const role = await roleNamed(call, scopes)
      // In Tranquil any account may have controllers; here an account becomes a group with its first owner.
      const isOrdinary =
        by.did === call.did &&
        !(await server.dispatch.directory.memberships.isGroup({ did: by.did }))
      if (isOrdinary && role === 'owner') {
        mustMayCall(call, group.convert)
        return convertOwn(call, did)
      }
      await account.group.addMember({ by, did, role })
    })
    return { success: true }
  },
})

export const removeController = method(delegation.removeController, {
  ...own,
  oauth: mayCall(group.removeMember),
  run: async (call) => {
    const did = call.input.controller_did
    await withTheirErrors(() => call.account.group.removeMember({ by: byOf(call), did }))
    return { success: true }
  },
})

export const updateControllerScopes = method(delegation.updateControllerScopes, {
  ...own,
  oauth: mayCall(group.updateMember),
  run: async (call) => {
    const { controller_did: did, granted_scopes: scopes } = call.input
    await withTheirErrors(async () => {
      const role = await roleNamed(call, scopes)
      await call.account.group.updateMember({ by: byOf(call), did, role })
    })
    return { success: true }
  },
})

export const listControlledAccounts = method(delegation.listControlledAccounts, {
  auth: 'principal',
  oauth: mayCall(group.list),
  run: async (call) => ({
    accounts: await listAccountsOf(call.server, accountOf(call), byOf(call)),
  }),
})

export const getAuditLog = method(delegation.getAuditLog, {
  ...aboutOwn,
  oauth: mayCall(group.getAuditLog),
  run: async (call) => {
    const limit = Math.min(Math.max(call.params.limit, 1), MAX_PAGE)
    const offset = Math.max(call.params.offset, 0)
    const { entries, total } = await call.account.group.getAuditPage({
      ...{ by: byOf(call), limit, offset },
    })
    return { entries: entries.map((entry) => delegationAuditEntry(call.did, entry)), total }
  },
})

export const getScopePresets = method(delegation.getScopePresets, {
  auth: 'none',
  run: async () => ({ presets: presets.map((preset) => ({ ...preset })) }),
})

export const createDelegatedAccount = method(delegation.createDelegatedAccount, {
  auth: 'full principal',
  oauth: mayCall(group.create),
  run: async (call) => {
    const { handle: wanted, email, controllerScopes = presets[0].scopes } = call.input
    if (roleFor(controllerScopes, []).name !== 'owner') {
      throw invalidRequest('The creator of an account is its owner', 'InvalidDelegation')
    }
    const { domains } = await call.server.handleRules()
    const handle = wanted.includes('.') ? wanted : `${wanted}${domains[0] ?? ''}`
    const input = { handle, ...(email !== undefined && { email }) }
    return withTheirErrors(() => createGroup.run({ ...call, input })) as Promise<object>
  },
})

export const resolveController = method(delegation.resolveController, {
  auth: 'none',
  run: async ({ params, server }) => {
    const identifier = normalizeIdentifier(params.identifier)
    const found = await resolveIdentity(server.identity, identifier).catch((error: unknown) => {
      throw error instanceof XrpcError && error.status === 400 ? controllerNotFound() : error
    })
    const { did, handle, didDoc } = found
    const pdsUrl = serviceEndpoint(didDoc, 'atproto_pds', 'AtprotoPersonalDataServer')
    const here = await server.dispatch.directory.accounts.find({ identifier: did })
    return {
      ...{ did, isLocal: here !== null },
      ...(handle !== 'handle.invalid' && { handle }),
      ...(pdsUrl !== undefined && { pdsUrl }),
    }
  },
})

/** The name of the role with these scopes; one that the group lacks is added to it. */
async function roleNamed(
  call: AccountMethodCall<Schema, 'full principal'>,
  scopes: string,
): Promise<string> {
  const by = byOf(call)
  const preset = roleFor(scopes, [])
  if (preset.scope === undefined) return preset.name
  const { roles } = await call.account.group.listRoles({ by })
  const { name, scope } = roleFor(scopes, roles)
  if (scope !== undefined) {
    mustMayCall(call, group.putRole)
    await call.account.group.putRole({ by, name, scope, manage: [] })
  }
  return name
}

function controllerNotFound() {
  return new XrpcError(404, 'ControllerNotFound', 'Controller account not found')
}

const theirErrors: ReadonlyMap<string, [status: number, error: string]> = new Map([
  ['MemberNotFound', [404, 'DelegationNotFound']],
  ['NotAPrincipal', [400, 'InvalidDelegation']],
  ['NotAGroup', [400, 'InvalidDelegation']],
  ['LastOwner', [400, 'InvalidDelegation']],
])

async function withTheirErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const theirs = error instanceof XrpcError ? theirErrors.get(error.error) : undefined
    throw theirs === undefined ? error : new XrpcError(...theirs, (error as XrpcError).message)
  }
}
