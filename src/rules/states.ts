/** What each state of an account allows: the one table that every room asks. */
import { authRequired, forbidden, invalidRequest, type XrpcError } from '#src/errors.ts'

export type AccountStatus = 'active' | 'deactivated' | 'takendown' | 'suspended' | 'deleted'

/**
 * - `serve`: strangers read it: records, sync, blobs, its handle.
 * - `show`: the account itself and the admin read what strangers may not.
 * - `write`: records are created, changed and deleted.
 * - `prepare`: everything else that a session may do: blobs, importRepo, preferences, identity, proxying.
 * - `logIn`: sessions begin and go on.
 * - `leave`: the narrow session of a taken-down account: deactivation, PLC operations, a proof for its next server.
 */
export type Permission = 'serve' | 'show' | 'write' | 'prepare' | 'logIn' | 'leave'

const everything: readonly Permission[] = ['serve', 'show', 'write', 'prepare', 'logIn', 'leave']
const ended: readonly Permission[] = ['show', 'leave']

export const permissionsByStatus: Readonly<Record<AccountStatus, readonly Permission[]>> = {
  active: everything,
  deactivated: ['show', 'prepare', 'logIn', 'leave'],
  takendown: ended,
  suspended: ended,
  deleted: [],
}

export function may(deed: Permission, status: AccountStatus): boolean {
  return permissionsByStatus[status].includes(deed)
}

/** Throws 400 RepoNotFound, RepoTakendown, RepoSuspended or RepoDeactivated where strangers may not read. */
export function mustServe(status: AccountStatus, did: string): void {
  if (!may('serve', status)) throw unserved(status, did)
}

/** The same for the account itself and the admin, to whom only a deleted account is closed. */
export function mustShow(status: AccountStatus, did: string): void {
  if (!may('show', status)) throw unserved(status, did)
}

/** Throws 401 AccountDeactivated or AccountTakedown, 403 AccountNotFound, where records may not be written. */
export function mustWrite(status: AccountStatus): void {
  if (may('write', status)) return
  if (status === 'deactivated') throw authRequired('Account is deactivated', 'AccountDeactivated')
  throw closed(status)
}

/** Throws 401 AccountTakedown, or 403 AccountNotFound, where a session may do nothing. */
export function mustManage(status: AccountStatus): void {
  if (!may('prepare', status)) throw closed(status)
}

/** Throws 401 AccountTakedown, or 403 AccountNotFound. */
export function mustLogIn(status: AccountStatus): void {
  if (!may('logIn', status)) throw closed(status)
}

/** `active` and, where it is not, why: as getRepoStatus, listRepos, sessions and #account say it. */
export function formatAccountStatus(status: AccountStatus): {
  active: boolean
  status?: AccountStatus
} {
  return status === 'active' ? { active: true } : { active: false, status }
}

function unserved(status: AccountStatus, did: string): XrpcError {
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

function closed(status: AccountStatus): XrpcError {
  if (status === 'deleted') return forbidden('Account not found', 'AccountNotFound')
  const what = status === 'suspended' ? 'suspended' : 'taken down'
  return authRequired(`Account has been ${what}`, 'AccountTakedown')
}
