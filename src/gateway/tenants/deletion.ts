/**
 * Deletes tenants that the operator has given up. Their accounts are deleted, or become accounts of no tenant, one after
 * another; then their webhooks, API keys, domains, admins and invite codes end. Each step may be repeated, by any process.
 */
import type { TenantDeletion } from '#src/directory/tenant-deletion.ts'
import type { Log } from '#src/log.ts'
import { pause as pauseFor } from '#src/ports/pause.ts'
import { tenantOwner } from '#src/rules/webhook-owners.ts'
import type { AuditEntry } from '#src/tenants/audit.ts'

export interface TenantDeletionPorts {
  dispatch: {
    account(did: string): {
      lifecycle: { changeState(change: { suspended: boolean }): Promise<unknown> }
    }
    webhooks(owner: string): {
      endpoints: {
        list(): Promise<{ id: string }[]>
        remove(input: { id: string }): Promise<unknown>
      }
    }
    tenant(id: string): {
      keys: {
        list(): Promise<{ prefix: string }[]>
        delete(input: { prefix: string; audit: AuditEntry }): Promise<void>
      }
      audit: { add(entry: AuditEntry): Promise<void> }
    }
    directory: {
      tenantDeletion: {
        take(input: {
          tenant?: string
          after?: string
          limit: number
        }): Promise<TenantDeletion | null>
        detach(input: { did: string; tenant: string }): Promise<void>
        remove(input: { id: string }): Promise<{ removed: boolean }>
      }
    }
  }
  deleteAccount(did: string): Promise<void>
  log: Pick<Log, 'warn'>
  pause?(ms: number): Promise<void>
}

/** One at a time: while an account is deleted, the operator may move the next one, or decide to keep those that are left. */
const PAGE_SIZE = 1
/** After each account: a relay takes 2,600 events in an hour from a server that it knows nothing about. */
const DELETION_PAUSE_MS = 1_500
const DETACHMENT_PAUSE_MS = 20

/** Resolves when nothing is left but what other processes are doing; failed accounts are tried again by a later call. */
export async function deleteTenants(
  ports: TenantDeletionPorts,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const { dispatch, log, pause = pauseFor } = ports
  const { tenantDeletion } = dispatch.directory
  const take = (from: { tenant?: string; after?: string }) =>
    tenantDeletion.take({ ...from, limit: PAGE_SIZE })
  let after = ''
  for (let taken = await take({}); taken !== null; ) {
    const { tenant, keepAccounts, accounts } = taken
    for (const account of accounts) {
      if (isStopped()) return
      try {
        if (keepAccounts) await detach(ports, tenant, account)
        else await ports.deleteAccount(account.did)
      } catch (err) {
        log.warn({ did: account.did, tenant, err }, 'an account of a deleted tenant is left')
      }
      await pause(keepAccounts ? DETACHMENT_PAUSE_MS : DELETION_PAUSE_MS)
    }
    if (isStopped()) return
    const last = accounts.at(-1)
    if (last === undefined) {
      // Those that failed are found again when the lease has ended.
      const left = after === '' ? taken : await take({ tenant })
      if (left?.accounts.length === 0) await end(ports, tenant)
      return
    }
    after = last.did
    taken = await take({ tenant, after })
  }
}

/** An account that was suspended only because its tenant was is restored. */
async function detach(
  { dispatch }: TenantDeletionPorts,
  tenant: string,
  { did, suspendedBy }: TenantDeletion['accounts'][number],
): Promise<void> {
  if (suspendedBy === 'server')
    await dispatch.account(did).lifecycle.changeState({ suspended: false })
  await dispatch.directory.tenantDeletion.detach({ did, tenant })
}

async function end({ dispatch }: TenantDeletionPorts, id: string): Promise<void> {
  const { endpoints } = dispatch.webhooks(tenantOwner(id))
  for (const endpoint of await endpoints.list()) await endpoints.remove({ id: endpoint.id })
  const { keys, audit } = dispatch.tenant(id)
  const entry = (action: string, target: string) => ({ actor: 'operator', action, target })
  for (const { prefix } of await keys.list()) {
    await keys.delete({ prefix, audit: entry('deleteKey', prefix) })
  }
  await audit.add(entry('tenantDeleted', id))
  await dispatch.directory.tenantDeletion.remove({ id })
}
