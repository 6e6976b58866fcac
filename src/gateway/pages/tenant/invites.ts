/** Invite codes of a tenant: accounts that sign up with one belong to it. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import type { TenantMessages } from '#src/gateway/pages/tenant/texts.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const PAGE_CODES = 40

export const invitesPage: AreaPage<TenantVisit> = {
  path: '/invites',
  title: ({ text }) => text('invites'),
  async show({ call, session, base, may, text }, c) {
    const { cursor } = c.req.query()
    const { invites, cursor: next } = await call(tenant.listInvites, {
      params: { limit: PAGE_CODES, ...(cursor !== undefined && { cursor }) },
    })
    const list = table({
      label: text('inviteCodes'),
      head: [text('code'), text('used'), text('created'), ''],
      rows: invites.map(({ code, uses, used, disabled, createdAt }) => [
        html`<code>${code}</code>${disabled ? html` ${badge(text('codeDisabled'))}` : ''}`,
        text('of', { n: used, total: uses }),
        timeOf(session, createdAt),
        may('accounts:write') && !disabled && used < uses
          ? actionForm(session, {
              action: `${base}/invites/disable`,
              label: text('disable'),
              about: code,
              fields: { code },
            })
          : '',
      ]),
      empty: text('noCodes'),
    })
    const create = html`<form method="post" action="${base}/invites/create">${hiddenFields(session)}
${field({ name: 'count', label: text('codeCount'), type: 'number', value: '1', required: true })}
${field({ name: 'uses', label: text('codeUses'), type: 'number', value: '1', required: true })}
<button>${text('create')}</button></form>`
    const after =
      next === undefined
        ? {}
        : { after: `${base}/invites?${new URLSearchParams({ cursor: next })}` }
    return {
      body: html`${may('accounts:write') ? card(text('newCodes'), create) : ''}${list}${pager(session, after)}`,
    }
  },
  actions: {
    create: async ({ call, text }, { count = '', uses = '' }) => {
      const { codes } = await call(tenant.createInvites, {
        input: { count: wholeNumber(text, count), uses: wholeNumber(text, uses) },
      })
      const lines = codes.map((code) => html`<div>${code}</div>`)
      return { once: card(text('newCodes'), html`<div class="secret codes">${lines}</div>`) }
    },
    disable: async ({ call }, { code = '' }) => {
      await call(tenant.disableInvites, { input: { codes: [code] } })
      return undefined
    },
  },
}

/** Throws 400. */
function wholeNumber(text: TenantMessages['text'], typed: string): number {
  if (/^\d{1,6}$/.test(typed.trim())) return Number(typed)
  throw invalidRequest(text('wrongNumber', { text: typed }))
}
