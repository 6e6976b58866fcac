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
  title: () => 'Domains',
  isFor: ({ may }) => may('domains'),
  async show({ call, session, base }) {
    const { domains } = await call(tenant.listDomains)
    const cards = domains.map(({ domain, verifiedAt, labelMin, labelMax, record }) => {
      const state =
        verifiedAt === undefined ? badge('Not verified', 'warn') : badge('Verified', 'good')
      const dns = html`<p>Set this DNS record, then verify:</p>
${facts([
  ['Name', html`<code>${record.name}</code>`],
  ['Type', record.type],
  ['Value', html`<code>${record.value}</code>`],
])}
${actionForm(session, { action: `${base}/domains/verify`, label: 'Verify', about: domain, fields: { domain }, kind: 'primary' })}`
      const body = html`<p class="muted">Names of ${labelMin} to ${labelMax} characters.</p>
${verifiedAt === undefined ? dns : ''}
${actionForm(session, { action: `${base}/domains/remove`, label: 'Remove', about: domain, fields: { domain } })}`
      return card(domain, body, { badge: state })
    })
    const add = html`<form method="post" action="${base}/domains/add">${hiddenFields(session)}
${field({ name: 'domain', label: 'Domain', required: true, maxLength: 253 })}
${field({ name: 'labelMin', label: 'Shortest name', type: 'number', value: '3' })}
<button>Add</button></form>`
    const none = domains.length === 0 ? emptyState('No domains yet. Add one below.') : ''
    return {
      body: html`${none}${cards}${card('Add a domain', add, { help: 'Your accounts can then have handles under it; other accounts cannot.' })}`,
    }
  },
  actions: {
    add: async ({ call }, { domain = '', labelMin = '' }) => {
      if (!/^\d{0,2}$/.test(labelMin)) throw invalidRequest('The shortest name must be a number')
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
