/** The first page of a tenant: usage, problems, and the newest accounts. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, cell, progress, stat, stats } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { accountTable } from '#src/gateway/pages/tenant/account-table.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import * as webhook from '#src/protocol/lexicons/dev/headwater/webhook.ts'

const SHOWN_ACCOUNTS = 10
const LOOK_AGAIN_MS = 5_000

export const overviewPage: AreaPage<TenantVisit> = {
  path: '',
  title: ({ text }) => text('overview'),
  async show(visit) {
    const { base, text } = visit
    const find = html`<form method="get" action="${base}/accounts" class="filters" role="search">
<div>${field({ name: 'q', label: text('findLabel'), type: 'search', required: true })}</div>
<button class="quiet">${text('find')}</button></form>`
    const body = html`${find}${cell('figures', await figures(visit))}
${card(text('attention'), cell('attention', await attention(visit)))}
${card(text('newest'), cell('newest', await newest(visit)))}`
    return { body, wide: true, isLive: true }
  },
  live: {
    everyMs: LOOK_AGAIN_MS,
    fragments: async (visit) => [
      { cell: 'figures', html: await figures(visit) },
      { cell: 'attention', html: await attention(visit) },
      { cell: 'newest', html: await newest(visit) },
    ],
  },
}

async function figures({ call, text, session }: TenantVisit): Promise<Html> {
  const { usage, quotas, accountsByStatus } = await call(tenant.getUsage)
  const part = (used: number, of: number | undefined, label: string) =>
    of === undefined
      ? html`${used}`
      : html`${text('of', { n: used, total: of })}${progress(used, of, label)}`
  const byStatus = Object.entries((accountsByStatus ?? {}) as Record<string, number>)
    .map(([status, n]) => `${n} ${word(session, 'status', status)}`)
    .join(', ')
  return stats([
    stat(text('accounts'), part(usage.accounts, quotas.accounts, text('accounts')), byStatus),
    stat(text('groups'), part(usage.groups, quotas.groups, text('groups'))),
    stat(
      text('newThisHour'),
      part(usage.accountsThisHour, quotas.accountsPerHour, text('newThisHour')),
    ),
  ])
}

/** Failing endpoints, unverified domains, and a quota that is nearly used up. */
async function attention({
  call,
  may,
  base,
  text,
  tenant: { settings },
}: TenantVisit): Promise<Html> {
  const found: Html[] = []
  if (may('webhooks')) {
    const { endpoints } = await call(webhook.listEndpoints)
    for (const { id, url, status, failingSince, waiting, disabledReason } of endpoints) {
      const isOff = status === 'disabled' && disabledReason !== 'operator'
      if (failingSince === undefined && !isOff) continue
      found.push(
        html`<li>${badge(text(isOff ? 'isDisabled' : 'isFailing'), 'bad')} <a href="${base}/webhooks/${id}">${url}</a>, ${text('waitingThere', { n: waiting })}</li>`,
      )
    }
  }
  if (may('domains')) {
    const { domains } = await call(tenant.listDomains)
    for (const { domain, verifiedAt } of domains) {
      if (verifiedAt !== undefined) continue
      found.push(
        html`<li>${badge(text('notVerified'), 'warn')} <a href="${base}/domains">${domain}</a></li>`,
      )
    }
  }
  const { usage } = await call(tenant.getUsage)
  if (usage.accounts >= settings.quotas.accounts * 0.9) {
    found.push(
      html`<li>${badge(text('quota'), 'warn')} ${text('quotaUsed', { n: usage.accounts, total: settings.quotas.accounts })}</li>`,
    )
  }
  return found.length === 0
    ? html`<p class="muted">${text('allGood')}</p>`
    : html`<ul>${found}</ul>`
}

async function newest(visit: TenantVisit): Promise<Html> {
  const {
    context,
    tenant: { id },
  } = visit
  const { accounts } = await context.server.dispatch.directory.tenantAccounts.list({
    ...{ tenant: id, limit: SHOWN_ACCOUNTS, reverse: true },
  })
  return html`${await accountTable(visit, accounts)}<p><a href="${visit.base}/accounts">${visit.text('allAccounts')}</a></p>`
}
