/** How a tenant looks to its users, with a preview, and for how long its accounts have a history. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const links = ['logoUrl', 'homeUrl', 'supportUrl', 'termsUrl', 'privacyUrl'] as const

export const brandingPage: AreaPage<TenantVisit> = {
  path: '/branding',
  title: ({ text }) => text('branding'),
  isFor: ({ may }) => may('manage'),
  async show({ call, session, base, text }) {
    const { name, branding = {}, handlePattern = '', ...more } = await call(tenant.getTenant)
    const form = html`<form method="post" action="${base}/branding/save">${hiddenFields(session)}
${field({ name: 'name', label: text('name'), value: name, required: true, maxLength: 64 })}
${field({ name: 'primaryColor', label: text('color'), value: branding.primaryColor, help: text('colorHelp'), maxLength: 7 })}
${links.map((key) => field({ name: key, label: text(key), type: 'url', value: branding[key], maxLength: 1000 }))}
${field({ name: 'handlePattern', label: text('handlePattern'), value: handlePattern, help: text('handlePatternHelp', { random: '{random}' }), maxLength: 63 })}
<button>${text('save')}</button></form>`
    const preview = html`<p>${text('previewHelp')}</p>
<p><a class="button" href="/account">${text('openAccountPage')}</a></p>`
    const { quotas, historyDays } = more
    const history = html`<form method="post" action="${base}/branding/history">${hiddenFields(session)}
${field({ name: 'days', label: text('historyDays'), type: 'number', value: historyDays?.toString(), help: text('historyHelp', { max: quotas.historyDays ?? '' }) })}
<button>${text('save')}</button></form>`
    return {
      body: html`${card(text('usersSee'), form)}${card(text('preview'), preview)}${card(text('history'), history)}`,
    }
  },
  actions: {
    save: async ({ call }, form) => {
      const { name = '', primaryColor = '', handlePattern = '' } = form
      const given = links.map((key) => [key, form[key] ?? ''] as const)
      await call(tenant.putBranding, {
        input: {
          ...{ name, handlePattern },
          branding: {
            ...Object.fromEntries(given.filter(([, value]) => value !== '')),
            ...(primaryColor !== '' && { primaryColor }),
          },
        },
      })
      return undefined
    },
    history: async ({ call, text }, { days = '' }) => {
      if (!/^\d{0,3}$/.test(days)) throw invalidRequest(text('wrongNumber', { text: days }))
      await call(tenant.putHistory, { input: days === '' ? {} : { days: Number(days) } })
      return undefined
    },
  },
}
