/** The domains for handles: those of the configuration, those added at run time, and those of tenants. */
import { html } from 'hono/html'
import { type HandleSettings, parseHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import { card, table } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { type ConsoleCall, required } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'

const path = `${consolePath}/domains`

export function domainPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { handleRulesCache } = server.identity

  const show: ShowPage = async (call, note, status = 200) => {
    const { text } = call
    const [settings, rules] = await Promise.all([handleRulesCache.settings(), server.handleRules()])
    const rows = rules.allDomains.map((domain) => {
      const tenant = rules.tenantDomain(domain)?.tenant
      const isAdded = settings.domains.includes(domain)
      const from =
        tenant === undefined
          ? isAdded
            ? text('addedHere')
            : 'PDS_SERVICE_HANDLE_DOMAINS'
          : text('ofTenant', { tenant })
      const remove = {
        action: `${path}/remove`,
        label: text('remove'),
        fields: { domain },
        about: domain,
      }
      return [domain, from, isAdded ? actionForm(call.session, remove) : '']
    })
    return call.render({
      ...{ title: text('domains'), note, status },
      body: html`${card(text('domainsForHandles'), table({ label: text('domains'), head: [text('domain'), text('from'), ''], rows, empty: '' }), { help: text('domainsHelp') })}
${card(
  text('addDomain'),
  html`<form method="post" action="${path}">${hiddenFields(call.session)}
${field({ name: 'domain', label: text('domain'), required: true, maxLength: 253, help: text('domainHelp') })}
<button>${text('add')}</button></form>`,
)}`,
    })
  }

  async function change(call: ConsoleCall, action: string, domain: string, next: HandleSettings) {
    await call.audit(action, { target: domain })
    await handleRulesCache.change(parseHandleSettings(next))
    return call.redirect('/domains', 'saved')
  }

  get('/domains', show)
  post(
    '/domains',
    async (call, form) => {
      const typed = required(call, form['domain'], call.text('domain')).toLowerCase()
      const domain = typed.startsWith('.') ? typed : `.${typed}`
      const settings = await handleRulesCache.settings()
      const domains = [...new Set([...settings.domains, domain])]
      return change(call, 'add a domain', domain, { ...settings, domains })
    },
    show,
  )
  post(
    '/domains/remove',
    async (call, form) => {
      const domain = required(call, form['domain'], call.text('domain'))
      const settings = await handleRulesCache.settings()
      const domains = settings.domains.filter((one) => one !== domain)
      return change(call, 'remove a domain', domain, { ...settings, domains })
    },
    show,
  )
}
