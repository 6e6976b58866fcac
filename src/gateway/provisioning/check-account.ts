/** Checks the account that a tenant asks for before its DID is published: after that nothing of it may be refused. */
import { randomBytes } from 'node:crypto'
import type { GroupState, NewRecord } from '#src/account/initial-state.ts'
import { invalidRequest } from '#src/errors.ts'
import { firstRecords, groupOf, type NewGroupInput } from '#src/gateway/group/new-group.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import { validateNewHandle } from '#src/gateway/identity/validate-handle.ts'
import { validateInputExceptHandle } from '#src/gateway/workflows/create-account-input.ts'
import { OWNER } from '#src/rules/group-roles.ts'
import type { Tenant } from '#src/rules/tenants.ts'

export interface NewTenantAccount {
  externalId: string
  kind?: string
  handle?: string
  email?: string
  password?: string
  members?: NonNullable<NewGroupInput['members']>
  records?: NonNullable<NewGroupInput['records']>
  recoveryKey?: string
  session?: boolean
}

export interface CheckedAccount {
  externalId: string
  handle: string
  isHandleGenerated: boolean
  email?: string
  password?: string
  recoveryKey?: string
  session: boolean
  group?: GroupState
  records: readonly NewRecord[]
}

export interface CheckPorts {
  /** Its DID owns a group for which no other owner is named. */
  tenant: Pick<Tenant, 'id' | 'did' | 'domains' | 'settings'>
  handles: HandleRules
  newRkey: () => string
  /** Throws 400 NotAPrincipal. */
  mustBePrincipal(did: string): Promise<void>
}

const inputRules = { inviteRequired: false, isGroup: true }

/** Throws 400 InvalidRequest, InvalidHandle, UnsupportedDomain, HandleNotAvailable, UnknownRole, NotAPrincipal. */
export async function checkAccount(
  ports: CheckPorts,
  input: NewTenantAccount,
): Promise<CheckedAccount> {
  const { externalId, kind = 'person', handle: wanted, session = false, records = [] } = input
  const { email, password, recoveryKey } = validateInputExceptHandle(inputRules, input)
  const { tenant, handles } = ports
  const handle = validateNewHandle(wanted ?? generatedHandle(tenant, handles), handles, {
    tenant: tenant.id,
  })
  const account = {
    ...{ externalId, handle, isHandleGenerated: wanted === undefined, session },
    ...(email !== undefined && { email }),
    ...(password !== undefined && { password }),
    ...(recoveryKey !== undefined && { recoveryKey }),
  }
  if (kind === 'group') {
    if (session) throw invalidRequest('A group has no session: its members act as it')
    return { ...account, group: await groupFor(ports, input), records: [] }
  }
  if (kind !== 'person') throw invalidRequest('kind must be person or group')
  if (input.members !== undefined) throw invalidRequest('Only a group has members')
  return { ...account, records: firstRecords(records, ports.newRkey) }
}

async function groupFor(
  { tenant, newRkey, mustBePrincipal }: CheckPorts,
  { members = [], records = [] }: NewTenantAccount,
): Promise<GroupState> {
  const owner = members.find(({ role }) => role === OWNER)
  const creator = owner?.did ?? tenant.did
  if (creator === null || creator === undefined) {
    throw invalidRequest(
      'A group needs an owner: a member with this role, or the DID of the tenant',
    )
  }
  for (const { did } of members) await mustBePrincipal(did)
  const first = { did: creator, role: OWNER, kind: owner === undefined ? 'service' : 'person' }
  const all = owner === undefined ? [first, ...members] : members
  return groupOf(creator, all, { records }, newRkey)
}

/** From the tenant's pattern, under its first domain or else the server's. `{random}` becomes ten hexadecimal digits. */
function generatedHandle({ domains, settings }: CheckPorts['tenant'], rules: HandleRules): string {
  const { handlePattern = '{random}' } = settings
  const [own] = domains
  const domain = own === undefined ? (rules.domains[0] ?? '') : `.${own}`
  return `${handlePattern.replaceAll('{random}', randomBytes(5).toString('hex'))}${domain}`
}
