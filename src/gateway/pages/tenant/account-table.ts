/** Accounts of a tenant as rows. */
import { html } from 'hono/html'
import { type BadgeKind, badge, table, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'

export interface ListedAccount {
  did: string
  handle: string
  status: string
  kind: string
  externalId?: string | null | undefined
  email?: string | null | undefined
  suspendedBy?: string | null | undefined
  createdAt: string
}

const kinds: Record<string, BadgeKind> = { active: 'good', suspended: 'bad', takendown: 'bad' }

export function statusBadge(status: string): Html {
  return badge(status, kinds[status] ?? 'quiet')
}

export function accountTable(
  { base, session }: TenantVisit,
  accounts: readonly ListedAccount[],
): Html {
  return table({
    label: 'Accounts',
    head: ['Handle', 'External id', 'Status', 'Created'],
    rows: accounts.map(({ did, handle, status, kind, externalId, createdAt }) => [
      html`<a href="${base}/accounts/${did}">${handle}</a>${kind === 'group' ? html` ${badge('group')}` : ''}`,
      externalId ?? '',
      statusBadge(status),
      timeOf(session, createdAt),
    ]),
    empty: 'No accounts yet. Create one, or upload a file under “Create”.',
  })
}
