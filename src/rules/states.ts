/** What each account state allows: the one table that everything checks. */
import { authRequired, forbidden, invalidRequest, type XrpcError } from '#src/errors.ts'

export type AccountStatus = 'active' | 'deactivated' | 'takendown' | 'suspended' | 'deleted'

/**
 * - `serve`: anyone reads it: records, sync, blobs, its handle.
 * - `show`: the account itself and the admin read what is not public.
 * - `write`: records are created, changed and deleted.
 * - `manage`: everything else that a session does: blobs, importRepo, preferences, identity, proxying.
 * - `logIn`: sessions begin and are refreshed.
 *
 * The restricted session of an account that was taken down is not in the table: its token has its own scope
 * (session-tokens.ts).
 */
export type Permission = 'serve' | 'show' | 'write' | 'manage' | 'logIn'

const permissionsByStatus: Readonly<Record<AccountStatus, readonly Permission[]>> = {
  active: ['serve', 'show', 'write', 'manage', 'logIn'],
  deactivated: ['show', 'manage', 'logIn'],
  takendown: ['show'],
  suspended: ['show'],
  deleted: [],
}

export function may(permission: Permission, status: AccountStatus): boolean {
  return permissionsByStatus[status].includes(permission)
}

/** Throws 400 RepoNotFound, RepoTakendown, RepoSuspended or RepoDeactivated if the repo is not public. */
export function mustServe(status: AccountStatus, did: string): void {
  if (!may('serve', status)) throw repoNotReadable(status, did)
}

/** The same for the account itself and the admin, who may read all but a deleted account. */
export function mustShow(status: AccountStatus, did: string): void {
  if (!may('show', status)) throw repoNotReadable(status, did)
}

/** Throws 401 AccountDeactivated or AccountTakedown, or 403 AccountNotFound, if records may not be written. */
export function mustWrite(status: AccountStatus): void {
  if (may('write', status)) return
  if (status === 'deactivated') throw authRequired('Account is deactivated', 'AccountDeactivated')
  throw accountNotUsable(status)
}

/** Throws 401 AccountTakedown or 403 AccountNotFound, if a session may do nothing. */
export function mustManage(status: AccountStatus): void {
  if (!may('manage', status)) throw accountNotUsable(status)
}

/** Throws 401 AccountTakedown or 403 AccountNotFound. */
export function mustLogIn(status: AccountStatus): void {
  if (!may('logIn', status)) throw accountNotUsable(status)
}

/** Of an account that is not deleted. */
export function statusOf(state: {
  takedownRef: string | null
  suspendedAt: string | null
  deactivatedAt: string | null
}): AccountStatus {
  if (state.takedownRef !== null) return 'takendown'
  if (state.suspendedAt !== null) return 'suspended'
  return state.deactivatedAt === null ? 'active' : 'deactivated'
}

export function formatAccountStatus(status: AccountStatus): {
  active: boolean
  status?: AccountStatus
} {
  return status === 'active' ? { active: true } : { active: false, status }
}

function repoNotReadable(status: AccountStatus, did: string): XrpcError {
  switch (status) {
    case 'deactivated':
      return invalidRequest(`Repo has been deactivated: ${did}`, 'RepoDeactivated')
    case 'takendown':
      return invalidRequest(`Repo has been takendown: ${did}`, 'RepoTakendown')
    case 'suspended':
      return invalidRequest(`Repo has been suspended: ${did}`, 'RepoSuspended')
    default:
      return invalidRequest(`Could not find repo for DID: ${did}`, 'RepoNotFound')
  }
}

function accountNotUsable(status: AccountStatus): XrpcError {
  if (status === 'deleted') return forbidden('Account not found', 'AccountNotFound')
  const what = status === 'suspended' ? 'suspended' : 'taken down'
  return authRequired(`Account has been ${what}`, 'AccountTakedown')
}
