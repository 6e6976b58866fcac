/** The tenants: platforms with accounts of their own. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import * as admin from '#src/gateway/methods/dev.headwater.admin.ts'
import type { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { badge, card, facts, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { auditTable } from '#src/gateway/pages/operator/audit.ts'
import {
  type ConsoleCall,
  required,
  wholeNumber,
} from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import { tenantTexts, wordOf } from '#src/gateway/pages/tenant/texts.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import type { Tenant } from '#src/rules/tenants.ts'

const PAGE = 50
const path = `${consolePath}/tenants`

type TenantRow = ReturnType<typeof tenantView>

const quotas = [
  ['accounts', 'accounts'],
  ['groups', 'groups'],
  ['accountsPerHour', 'newPerHour'],
  ['domains', 'domains'],
  ['historyDays', 'longestHistory'],
] as const

export function tenantPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { directory } = server.dispatch

  const list: ShowPage = async (call, note, status = 200) => {
    const { text } = call
    const { cursor } = call.c.req.query()
    const page = await call.query<{ tenants: TenantRow[]; cursor?: string }>(admin.listTenants, {
      ...{ limit: String(PAGE), cursor },
    })
    const rows = page.tenants.map((tenant) => [
      twoLines(html`<a href="${path}/${tenant.id}">${tenant.name}</a>`, tenant.id),
      stateBadge(call.session, tenant.status),
      text('ofTotal', { n: tenant.usage.accounts, total: tenant.quotas.accounts }),
      tenant.domains.join(', ') || '–',
      timeOf(call.session, tenant.createdAt),
    ])
    const head = [text('tenant'), text('state'), text('accounts'), text('domains'), text('created')]
    return call.render({
      ...{ title: text('tenants'), wide: true, note, status },
      body: html`<section>${table({ label: text('tenants'), head, rows, empty: text('noTenants') })}</section>
${pager(call.session, { after: nextPage(call.c.req.url, page.cursor) })}
${newTenant(call.session)}`,
    })
  }

  async function tenantOf({ c, text }: ConsoleCall): Promise<Tenant> {
    const tenant = await directory.tenants.get({ id: c.req.param('id') ?? '' })
    if (tenant === null) throw new XrpcError(404, 'NotFound', text('noSuchTenant'))
    return tenant
  }

  const show: ShowPage = async (call, note, status = 200) => {
    const { text } = call
    const tenant = await tenantOf(call)
    const [{ admins }, done] = await Promise.all([
      directory.tenants.listAdmins({ tenant: tenant.id }).then((all) => ({ admins: all })),
      directory.operatorAudit.list({ target: tenant.id, limit: 10 }),
    ])
    const rows = admins.map(({ did, role }) => [
      did,
      wordOf(tenantTexts(call.session).text, 'role', role),
    ])
    return call.render({
      ...{ title: tenant.name, note, status },
      body: html`${overview(call.session, tenant)}
${card(text('admins'), table({ label: text('admins'), head: ['DID', text('role')], rows, empty: text('noAdmins') }))}
${quotaForm(call.session, tenant)}
${card(text('operatorActions'), auditTable(call.session, done.entries, text('noActionsOnTenant')))}`,
    })
  }

  get('/tenants', list)
  get('/tenants/:id', show)
  post(
    '/tenants',
    async (call, form) => {
      const id = required(call, form['id'], call.text('id'))
      const [name, did] = [form['name']?.trim(), form['did']?.trim()]
      await call.run(admin.createTenant, { id, ...(name && { name }), ...(did && { did }) }, id)
      return call.redirect(`/tenants/${id}`, 'created')
    },
    list,
  )
  post(
    '/tenants/:id/quotas',
    async (call, form) => {
      const { id } = await tenantOf(call)
      await call.run(admin.updateTenant, { id, quotas: quotasOf(call, form) }, id)
      return call.redirect(`/tenants/${id}`, 'saved')
    },
    show,
  )
  for (const [name, method, done] of [
    ['suspend', admin.suspendTenant, 'tenant-suspended'],
    ['restore', admin.restoreTenant, 'tenant-restored'],
  ] as const) {
    post(
      `/tenants/:id/${name}`,
      async (call) => {
        const { id } = await tenantOf(call)
        await call.run(method, { id }, id)
        return call.redirect(`/tenants/${id}`, done)
      },
      show,
    )
  }
}

/** Throws 400 for a value that is not a number. */
function quotasOf(call: ConsoleCall, form: Form): Record<string, number> {
  return Object.fromEntries(
    quotas.flatMap(([name, label]) => {
      const value = wholeNumber(call, form[name], call.text(label))
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function overview(
  context: RenderContext,
  { id, did, status, usage, settings, domains, createdAt }: Tenant,
): Html {
  const { text } = operatorTexts(context)
  const bar = (used: number, most: number, label: string) =>
    html`${text('ofTotal', { n: used, total: most })}${progress(used, most, label)}`
  const name = status === 'active' ? 'suspend' : 'restore'
  const label = status === 'active' ? text('suspendTenant') : text('restoreTenant')
  return card(
    text('tenant'),
    html`${facts([
      [text('id'), html`<span class="mono">${id}</span>`],
      ['DID', did ?? text('none')],
      [text('accounts'), bar(usage.accounts, settings.quotas.accounts, text('accounts'))],
      [text('groups'), bar(usage.groups, settings.quotas.groups, text('groups'))],
      [
        text('newThisHour'),
        bar(usage.accountsThisHour, settings.quotas.accountsPerHour, text('newAccounts')),
      ],
      [text('domains'), domains.join(', ') || text('none')],
      [text('created'), timeOf(context, createdAt)],
    ])}
<div class="actions">${actionForm(context, { action: `${path}/${id}/${name}`, label })}</div>`,
    {
      badge: stateBadge(context, status),
      help: text('tenantHelp'),
    },
  )
}

function quotaForm(context: RenderContext, { id, settings }: Tenant): Html {
  const { text } = operatorTexts(context)
  const fields = quotas.map(([name, label]) =>
    field({
      name,
      label: text(label),
      type: 'number',
      value: String(settings.quotas[name]),
      required: true,
    }),
  )
  return card(
    text('quotas'),
    html`<form method="post" action="${path}/${id}/quotas">${hiddenFields(context)}${fields}<button class="quiet">${text('save')}</button></form>`,
  )
}

function newTenant(context: RenderContext): Html {
  const { text } = operatorTexts(context)
  return card(
    text('newTenant'),
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'id', label: text('id'), required: true, maxLength: 63, help: text('tenantIdHelp') })}
${field({ name: 'name', label: text('name'), maxLength: 200, help: text('tenantNameHelp') })}
${field({ name: 'did', label: 'DID', maxLength: 300, help: text('tenantDidHelp') })}
<button>${text('create')}</button></form>`,
  )
}

function stateBadge(context: Pick<RenderContext, 'messages'>, status: string): Html {
  return badge(word(context, 'status', status), status === 'active' ? 'good' : 'warn')
}
