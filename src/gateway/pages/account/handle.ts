/** The section on the handle: a name on this server, or a domain of the owner. */
import { html } from 'hono/html'
import { type HandleRules, serviceDomainOf } from '#src/gateway/identity/handle-rules.ts'
import { updateHandle } from '#src/gateway/identity/update-handle.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card, facts } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'

export const handleSection: Section = {
  path: '/handle',
  title: 'handle',
  counted: {
    change: 'com.atproto.identity.updateHandle',
    domain: 'com.atproto.identity.updateHandle',
  },
  errors: {
    HandleNotAvailable: [undefined, 'name', 'handle'],
    InvalidHandle: [undefined, 'name', 'handle'],
    UnsupportedDomain: [undefined, 'name', 'handle'],
  },

  async show(visit, note) {
    const { session, name, did, texts } = visit
    const domains = await domainsOf(visit)
    const own = serviceDomainOf(name, domains)
    const options = domains.map((value) => ({ value, label: value }))
    const label = own === undefined ? '' : name.slice(0, -own.length)
    const here = html`<form method="post" action="/account/handle/change">${hiddenFields(session)}
<div class="filters"><div>${field({ name: 'name', label: texts.text('name'), value: label, required: true, maxLength: 63 }, note)}</div>
<div>${field({ name: 'domain', label: texts.text('domain'), value: own, options })}</div></div>
<button>${texts.text('change')}</button></form>`
    const domain = 'example.com'
    const record = facts([
      [texts.text('recordType'), html`<code>TXT</code>`],
      [texts.text('recordName'), html`<code>_atproto</code>`],
      [texts.text('recordValue'), html`<code>did=${did}</code>`],
    ])
    const url = `https://${domain}/.well-known/atproto-did`
    const elsewhere = html`${record}<p class="muted">${texts.text('orFile', { did, url })}</p>
<form method="post" action="/account/handle/domain">${hiddenFields(session)}
${field({ name: 'handle', label: texts.text('domainName'), value: own === undefined ? name : '', required: true, maxLength: 253 }, note)}
<button>${texts.text('change')}</button></form>`
    return html`${card(texts.text('current'), html`<p><b>@${name}</b></p>`, { help: texts.text('handleHelp') })}
${domains.length === 0 ? '' : card(texts.text('nameHere'), here)}
${card(texts.text('ownDomain'), elsewhere, { help: texts.text('ownDomainHelp') })}`
  },

  forms: {
    change: async (visit, { name = '', domain = '' }) => {
      await change(visit, `${name.trim().replace(/^@/, '')}${domain}`)
      return undefined
    },
    domain: async (visit, { handle = '' }) => {
      await change(visit, handle.trim().replace(/^@/, ''))
      return undefined
    },
  },
}

async function change({ context, did }: Visit, handle: string): Promise<void> {
  await updateHandle(context.server.identity, { did, handle: handle.toLowerCase() })
}

/** Those for every account, and those of the account's tenant. */
async function domainsOf({ context, did }: Visit): Promise<string[]> {
  const rules: HandleRules = await context.server.handleRules()
  const { domains, allDomains } = rules
  if (allDomains.length === domains.length) return [...domains]
  const { tenantAccounts } = context.server.dispatch.directory
  const tenant = (await tenantAccounts.tenantsOf({ dids: [did] }))[did]
  const ofTenant = allDomains.filter(
    (domain) => tenant !== undefined && rules.tenantDomain(domain)?.tenant === tenant,
  )
  return [...ofTenant, ...domains]
}
