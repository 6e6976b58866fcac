/** Actions that members of a group may call as it: then the account that the action gets is one that audits (acting.ts). */
import type { Account } from '#src/account/account.ts'
import { acting, mustStillHaveRole } from '#src/account/acting.ts'
import { forbidden } from '#src/errors.ts'
import { takeMember } from '#src/rules/acting-member.ts'
import type { Actions } from '#src/rules/actions.ts'

/** All others are for the account itself: what its password, its mail and its factors are for. */
const forMembers: ReadonlySet<string> = new Set([
  ...['createRecord', 'putRecord', 'deleteRecord', 'applyWrites'].map((name) => `repo.${name}`),
  ...['getRecord', 'listRecords', 'describeRepo', 'recentRecords'].map((name) => `repo.${name}`),
  ...['getLatestCommit', 'getHead', 'getRepoStatus', 'getBlocks', 'getRecord'].map(
    (name) => `sync.${name}`,
  ),
  ...['sync.openExport', 'sync.readExport', 'sync.closeExport'],
  ...['blob.add', 'blob.listMissing', 'blob.find', 'blob.list'],
  ...['preferences.get', 'preferences.put'],
  ...['identity.getIdentity', 'lifecycle.changeState', 'lifecycle.checkAccountStatus'],
  ...['service.getServiceAuth', 'session.getSession', 'group.noteCall', 'oauth.removeGrant'],
  ...['identity.requestPlcToken', 'identity.consumePlcToken', 'import.finish'],
  ...['migration.begin', 'migration.end'],
])

/** They store nothing that anyone reads. The last step of an import replaces the repo, and adds the row to the audit log. */
const stepsOfImport: ReadonlySet<string> = new Set(['import.begin', 'import.addPage'])

type Action = (account: Account, input?: unknown, key?: unknown) => Promise<unknown>

export function byMembers<A extends Actions>(actions: A): A {
  const wrapped = Object.entries(actions).map(([group, features]) => [
    group,
    Object.fromEntries(
      Object.entries(features).map(([name, feature]) => [
        name,
        wrap(`${group}.${name}`, feature as unknown as Action),
      ]),
    ),
  ])
  return Object.fromEntries(wrapped) as A
}

function wrap(name: string, run: Action): Action {
  return async (account, input, key) => {
    const [member, rest] = takeMember(input)
    if (member === undefined) return run(account, input, key)
    // Whoever knows the import's id may, also a member that has lost its role: it frees the room of the import.
    if (name === 'import.abort') return run(account, rest, key)
    if (stepsOfImport.has(name)) {
      await mustStillHaveRole(account, member)
      return run(account, rest, key)
    }
    if (!forMembers.has(name)) {
      throw forbidden('This is for the account itself, and not for its members')
    }
    const asGroup = acting(account, member, name, rest)
    // The staged records get no rows in the audit log.
    return run(name === 'import.finish' ? { ...asGroup, sql: account.sql } : asGroup, rest, key)
  }
}
