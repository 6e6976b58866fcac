/** How a tenant looks to its users, with a preview. */
import { html } from 'hono/html'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const links = [
  ['logoUrl', 'Logo (URL of an image)'],
  ['homeUrl', 'Home page'],
  ['supportUrl', 'Support'],
  ['termsUrl', 'Terms'],
  ['privacyUrl', 'Privacy policy'],
] as const

export const brandingPage: AreaPage<TenantVisit> = {
  path: '/branding',
  title: () => 'Branding',
  isFor: ({ may }) => may('manage'),
  async show({ call, session, base }) {
    const { name, branding = {}, handlePattern = '' } = await call(tenant.getTenant)
    const form = html`<form method="post" action="${base}/branding/save">${hiddenFields(session)}
${field({ name: 'name', label: 'Name', value: name, required: true, maxLength: 64 })}
${field({ name: 'primaryColor', label: 'Color', value: branding.primaryColor, help: 'Such as #1a2b3c', maxLength: 7 })}
${links.map(([key, label]) => field({ name: key, label, type: 'url', value: branding[key], maxLength: 1000 }))}
${field({ name: 'handlePattern', label: 'Pattern of generated handles', value: handlePattern, help: 'Must contain {random}, such as user-{random}', maxLength: 63 })}
<button>Save</button></form>`
    const preview = html`<p>The pages of your users show your name${branding.logoUrl === undefined ? '' : ', logo'} and color:</p>
<p><a class="button" href="/account">Open an account page</a></p>`
    return { body: html`${card('What your users see', form)}${card('Preview', preview)}` }
  },
  actions: {
    save: async ({ call }, form) => {
      const { name = '', primaryColor = '', handlePattern = '' } = form
      const given = links.map(([key]) => [key, form[key] ?? ''] as const)
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
  },
}
