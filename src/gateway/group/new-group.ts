/** The input of dev.headwater.group.create, checked: nothing of it may be refused once the DID is published. */
import { randomBytes } from 'node:crypto'
import type { GroupState } from '#src/account/initial-state.ts'
import { invalidRequest } from '#src/errors.ts'
import { roleFlags, roleScope } from '#src/gateway/group/role-scopes.ts'
import { prepareRecord } from '#src/protocol/prepare-record.ts'
import { nextTid } from '#src/protocol/tid.ts'
import { builtInRole, OWNER } from '#src/rules/group-roles.ts'

export interface NewGroupInput {
  members?: readonly { did: string; role: string; kind?: string }[]
  roles?: readonly { name: string; scope: string; manage: readonly string[] }[]
  records?: readonly { collection: string; rkey?: string; value: unknown }[]
}

/** `newRkey` makes the key of a record without one. Throws 400 InvalidRequest, UnknownRole, InvalidScope. */
export function newGroup(
  creator: string,
  { members = [], ...more }: NewGroupInput,
  newRkey: () => string,
): GroupState {
  const others = members.filter(({ did }) => did !== creator)
  const owner = { did: creator, role: OWNER, kind: 'person' }
  return groupOf(creator, [owner, ...others], more, newRkey)
}

/** `members` has all of them, an owner too. Throws as `newGroup`. */
export function groupOf(
  creator: string,
  members: NonNullable<NewGroupInput['members']>,
  { roles = [], records = [] }: Pick<NewGroupInput, 'roles' | 'records'>,
  newRkey: () => string,
): GroupState {
  const ownRoles = roles.map(({ name, scope, manage }) => ({
    ...{ name, scope: roleScope(scope), manage: roleFlags(manage) },
  }))
  const names = ownRoles.map(({ name }) => name)
  mustBeDifferent(names, 'role')
  const builtIn = names.find((name) => builtInRole(name) !== undefined)
  if (builtIn !== undefined) throw invalidRequest(`A built-in role cannot be changed: ${builtIn}`)
  mustBeDifferent(
    members.map(({ did }) => did),
    'member',
  )
  for (const { role } of members) {
    if (builtInRole(role) === undefined && !names.includes(role)) {
      throw invalidRequest(`There is no such role: ${role}`, 'UnknownRole')
    }
  }
  return {
    creator,
    members: members.map(({ did, role, kind }) => ({
      ...{ did, role, kind: kind === 'service' ? ('service' as const) : ('person' as const) },
    })),
    roles: ownRoles,
    records: firstRecords(records, newRkey),
  }
}

/** Throws 400 InvalidRequest. */
export function firstRecords(
  records: NonNullable<NewGroupInput['records']>,
  newRkey: () => string,
): GroupState['records'] {
  const named = records.map(({ collection, rkey = newRkey(), value }, i) => {
    const at = ['records', i, 'value']
    const { blobs } = prepareRecord({ collection, rkey, record: value, at })
    if (blobs.length > 0) throw invalidRequest('The account has no blobs yet, so no record may')
    return { collection, rkey, value }
  })
  mustBeDifferent(
    named.map(({ collection, rkey }) => `${collection}/${rkey}`),
    'record',
  )
  return named
}

function mustBeDifferent(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalidRequest(`There is more than one ${what}: ${twice}`)
}

/** For a group that is created without a handle. `domain` has its leading dot. */
export function randomHandle(domain: string): string {
  return `group-${randomBytes(5).toString('hex')}${domain}`
}

/** Keys of records that have none. */
export function newRkeys(): () => string {
  const clockId = Math.floor(Math.random() * 1024)
  let last: string | null = null
  return () => {
    last = nextTid(Date.now(), clockId, last)
    return last
  }
}
