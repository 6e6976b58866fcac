/** The accounts of a tenant: a list with filters, and a search by external id. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { emptyState } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { accountTable, type ListedAccount } from '#src/gateway/pages/tenant/account-table.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { wordOf } from '#src/gateway/pages/tenant/texts.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import { isDid } from '#src/protocol/did.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE_ACCOUNTS = 50

const statuses = ['', 'active', 'deactivated', 'suspended', 'takendown']

export const accountsPage: AreaPage<TenantVisit> = {
  path: '/accounts',
  title: ({ text }) => text('accounts'),
  async show(visit, c) {
    const { q = '', status = '', kind = '', cursor } = c.req.query()
    const {
      session,
      base,
      text,
      tenant: { id },
    } = visit
    const nameOf = (kind: 'status' | 'kind', value: string) =>
      kind === 'status' ? word(session, kind, value) : wordOf(text, kind, value)
    const choice = (kind: 'status' | 'kind', values: readonly string[]) =>
      values.map((value) => ({ value, label: value === '' ? text('any') : nameOf(kind, value) }))
    const filters = filterForm(session, [
      { name: 'q', label: text('searchLabel'), type: 'search', value: q },
      { name: 'status', label: text('status'), value: status, options: choice('status', statuses) },
      {
        name: 'kind',
        label: text('kind'),
        value: kind,
        options: choice('kind', ['', 'person', 'group']),
      },
    ])
    if (q.trim() !== '') {
      const found = await find(visit, q.trim())
      const list =
        found.length === 0
          ? emptyState(text('notFound', { text: q.trim() }))
          : await accountTable(visit, found)
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
      body: html`${filters}${await accountTable(visit, accounts)}${pager(session, after)}`,
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
