/** The audit log of a group as Tranquil PDS shows it (`_delegation.getAuditLog`). */
import type { AuditView } from '#src/account/group/audit-log.ts'

export interface DelegationAuditEntry {
  id: string
  delegatedDid: string
  actorDid: string
  controllerDid: string | null
  actionType: string
  actionDetails: object
  createdAt: string
}

const types: readonly [pattern: RegExp, type: string][] = [
  [/^(member added|group created|invitation accepted|ownership accepted)/, 'GrantCreated'],
  [/^member (removed|left)/, 'GrantRevoked'],
  [/^(member changed|role )/, 'ScopesModified'],
  [/^(session created|app password created)/, 'TokenIssued'],
  [/^repo\./, 'RepoWrite'],
  [/^blob\./, 'BlobUpload'],
]

export function delegationAuditEntry(account: string, entry: AuditView): DelegationAuditEntry {
  const { id, at: createdAt, actor, action, target, ip: _, userAgent: __, ...details } = entry
  const actionType = types.find(([pattern]) => pattern.test(action))?.[1] ?? 'AccountAction'
  const isAboutMember = /^(Grant|Scopes)/.test(actionType) && target?.startsWith('did:')
  const controllerDid = isAboutMember ? target! : actor
  return {
    ...{ id, delegatedDid: account, actorDid: actor, createdAt, actionType },
    controllerDid: controllerDid === account ? null : controllerDid,
    actionDetails: { action, ...(target !== undefined && { target }), ...details },
  }
}
