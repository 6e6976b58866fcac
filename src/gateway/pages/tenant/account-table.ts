/** Accounts of a tenant as rows. */
import { html } from 'hono/html'
import { type BadgeKind, badge, table, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { hasRelays, relayBadges } from '#src/gateway/pages/tenant/relay-badges.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { word } from '#src/gateway/pages/words/words.ts'

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

export function statusBadge(session: RenderContext, status: string): Html {
  return badge(word(session, 'status', status), kinds[status] ?? 'quiet')
}

export async function accountTable(
  visit: TenantVisit,
  accounts: readonly ListedAccount[],
): Promise<Html> {
  const { base, session, text } = visit
  const relays = await relayBadges(visit, accounts)
  const isShown = hasRelays(visit)
  return table({
    label: text('accounts'),
    head: [
      ...[text('handle'), text('externalId'), text('status')],
      ...(isShown ? [text('relays')] : []),
      text('created'),
    ],
    rows: accounts.map(({ did, handle, status, kind, externalId, createdAt }) => [
      html`<a href="${base}/accounts/${did}">${handle}</a>${kind === 'group' ? html` ${badge(text('kind.group'))}` : ''}`,
      externalId ?? '',
      statusBadge(session, status),
      ...(isShown ? [relays.get(did) ?? ''] : []),
      timeOf(session, createdAt),
    ]),
    empty: text('noAccounts', { create: text('create') }),
  })
}
