/** The domains of a tenant for handles, with the DNS record that verifies each. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { badge, card, emptyState, facts } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

export const domainsPage: AreaPage<TenantVisit> = {
  path: '/domains',
  title: ({ text }) => text('domains'),
  isFor: ({ may }) => may('domains'),
  async show({ call, session, base, text }) {
    const { domains } = await call(tenant.listDomains)
    const cards = domains.map(({ domain, verifiedAt, labelMin, labelMax, record }) => {
      const state =
        verifiedAt === undefined
          ? badge(text('notVerified'), 'warn')
          : badge(text('verified'), 'good')
      const dns = html`<p>${text('setRecord')}</p>
${facts([
  [text('name'), html`<code>${record.name}</code>`],
  [text('type'), record.type],
  [text('value'), html`<code>${record.value}</code>`],
])}
${actionForm(session, { action: `${base}/domains/verify`, label: text('verify'), about: domain, fields: { domain }, kind: 'primary' })}`
      const body = html`<p class="muted">${text('labels', { min: labelMin, max: labelMax })}</p>
${verifiedAt === undefined ? dns : ''}
${actionForm(session, { action: `${base}/domains/remove`, label: text('remove'), about: domain, fields: { domain } })}`
      return card(domain, body, { badge: state })
    })
    const add = html`<form method="post" action="${base}/domains/add">${hiddenFields(session)}
${field({ name: 'domain', label: text('domain'), required: true, maxLength: 253 })}
${field({ name: 'labelMin', label: text('labelMin'), type: 'number', value: '3' })}
<button>${text('add')}</button></form>`
    const none = domains.length === 0 ? emptyState(text('noDomains')) : ''
    return {
      body: html`${none}${cards}${card(text('addDomain'), add, { help: text('addDomainHelp') })}`,
    }
  },
  actions: {
    add: async ({ call, text }, { domain = '', labelMin = '' }) => {
      if (!/^\d{0,2}$/.test(labelMin)) {
        throw invalidRequest(text('wrongNumber', { text: labelMin }))
      }
      await call(tenant.putDomain, {
        input: { domain: domain.trim(), ...(labelMin !== '' && { labelMin: Number(labelMin) }) },
      })
      return undefined
    },
    verify: async ({ call }, { domain = '' }) => {
      await call(tenant.verifyDomain, { input: { domain } })
      return undefined
    },
    remove: async ({ call }, { domain = '' }) => {
      await call(tenant.deleteDomain, { input: { domain } })
      return undefined
    },
  },
}
