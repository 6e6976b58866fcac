/** The accounts of a tenant: a list with filters, and a search by external id. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { emptyState } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { accountTable, type ListedAccount } from '#src/gateway/pages/tenant/account-table.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { isDid } from '#src/protocol/did.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE_ACCOUNTS = 50

const statuses = ['', 'active', 'deactivated', 'suspended', 'takendown']

export const accountsPage: AreaPage<TenantVisit> = {
  path: '/accounts',
  title: () => 'Accounts',
  async show(visit, c) {
    const { q = '', status = '', kind = '', cursor } = c.req.query()
    const {
      session,
      base,
      tenant: { id },
    } = visit
    const choice = (values: readonly string[]) =>
      values.map((value) => ({ value, label: value === '' ? 'Any' : value }))
    const filters = filterForm(session, [
      { name: 'q', label: 'External id, handle or DID', type: 'search', value: q },
      { name: 'status', label: 'Status', value: status, options: choice(statuses) },
      { name: 'kind', label: 'Kind', value: kind, options: choice(['', 'person', 'group']) },
    ])
    if (q.trim() !== '') {
      const found = await find(visit, q.trim())
      const list =
        found.length === 0
          ? emptyState(`No account of yours has this external id, handle or DID: ${q.trim()}`)
          : accountTable(visit, found)
      return { body: html`${filters}${list}`, wide: true }
    }
    const { accounts, cursor: next } =
      await visit.context.server.dispatch.directory.tenantAccounts.list({
        ...{ tenant: id, limit: PAGE_ACCOUNTS, reverse: true },
        ...(status !== '' && { status }),
        ...(kind !== '' && { kind }),
        ...(cursor !== undefined && { cursor }),
      })
    const query = new URLSearchParams({ status, kind, ...(next !== undefined && { cursor: next }) })
    const after = next === undefined ? {} : { after: `${base}/accounts?${query}` }
    return {
      body: html`${filters}${accountTable(visit, accounts)}${pager(session, after)}`,
      wide: true,
    }
  },
}

/** One text may be the handle of an account and the id of another. */
async function find({ call }: TenantVisit, text: string): Promise<ListedAccount[]> {
  const names = isDid(text)
    ? [{ did: text }]
    : [{ externalId: text }, { handle: text.replace(/^@/, '').toLowerCase() }]
  const found = new Map<string, ListedAccount>()
  for (const params of names) {
    const account = await call(tenant.getAccount, { params }).catch((error: unknown) => {
      if (error instanceof XrpcError && error.status === 400) return undefined
      throw error
    })
    if (account !== undefined) found.set(account.did, account)
  }
  return [...found.values()]
}
