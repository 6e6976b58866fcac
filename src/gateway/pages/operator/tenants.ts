/** The tenants: platforms with accounts of their own. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import * as admin from '#src/gateway/methods/dev.headwater.admin.ts'
import type { tenantView } from '#src/gateway/methods/tenant-views.ts'
import { badge, card, facts, progress, table, timeOf } from '#src/gateway/pages/blocks.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { actionForm, field, pager } from '#src/gateway/pages/form-blocks.ts'
import { auditRows, auditTable } from '#src/gateway/pages/operator/audit.ts'
import { required, wholeNumber } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { Tenant } from '#src/rules/tenants.ts'

const PAGE = 50
const path = `${consolePath}/tenants`

type TenantRow = ReturnType<typeof tenantView>

const quotas = [
  ['accounts', 'Accounts'],
  ['groups', 'Groups'],
  ['accountsPerHour', 'New accounts per hour'],
  ['domains', 'Domains'],
  ['historyDays', 'Longest history in days'],
] as const

export function tenantPages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { directory } = server.dispatch

  const list: ShowPage = async (call, note, status = 200) => {
    const { cursor } = call.c.req.query()
    const page = await call.query<{ tenants: TenantRow[]; cursor?: string }>(admin.listTenants, {
      ...{ limit: String(PAGE), cursor },
    })
    const rows = page.tenants.map((tenant) => [
      twoLines(html`<a href="${path}/${tenant.id}">${tenant.name}</a>`, tenant.id),
      stateBadge(tenant.status),
      `${tenant.usage.accounts} of ${tenant.quotas.accounts}`,
      tenant.domains.join(', ') || '–',
      timeOf(call.session, tenant.createdAt),
    ])
    return call.render({
      ...{ title: 'Tenants', wide: true, note, status },
      body: html`<section>${table({ label: 'Tenants', head: ['Tenant', 'State', 'Accounts', 'Domains', 'Created'], rows, empty: 'No tenants yet. Create one for each platform.' })}</section>
${pager(call.session, { after: nextPage(call.c.req.url, page.cursor) })}
${newTenant(call.session)}`,
    })
  }

  async function tenantOf(id: string | undefined): Promise<Tenant> {
    const tenant = await directory.tenants.get({ id: id ?? '' })
    if (tenant === null) throw new XrpcError(404, 'NotFound', 'There is no such tenant')
    return tenant
  }

  const show: ShowPage = async (call, note, status = 200) => {
    const tenant = await tenantOf(call.c.req.param('id'))
    const [{ admins }, done] = await Promise.all([
      directory.tenants.listAdmins({ tenant: tenant.id }).then((all) => ({ admins: all })),
      directory.operatorAudit.list({ target: tenant.id, limit: 10 }),
    ])
    const rows = admins.map(({ did, role }) => [did, role])
    return call.render({
      ...{ title: tenant.name, note, status },
      body: html`${overview(call.session, tenant)}
${card('Admins', table({ label: 'Admins', head: ['DID', 'Role'], rows, empty: 'No admins. Add one with headwater tenant admin add.' }))}
${quotaForm(call.session, tenant)}
${card('Operator actions', auditTable(auditRows(call.session, done.entries), 'No operator has changed this tenant.'))}`,
    })
  }

  get('/tenants', list)
  get('/tenants/:id', show)
  post(
    '/tenants',
    async (call, form) => {
      const id = required(form['id'], 'The id')
      const [name, did] = [form['name']?.trim(), form['did']?.trim()]
      await call.run(admin.createTenant, { id, ...(name && { name }), ...(did && { did }) }, id)
      return call.redirect(`/tenants/${id}`, 'created')
    },
    list,
  )
  post(
    '/tenants/:id/quotas',
    async (call, form) => {
      const { id } = await tenantOf(call.c.req.param('id'))
      await call.run(admin.updateTenant, { id, quotas: quotasOf(form) }, id)
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
        const { id } = await tenantOf(call.c.req.param('id'))
        await call.run(method, { id }, id)
        return call.redirect(`/tenants/${id}`, done)
      },
      show,
    )
  }
}

/** Throws 400 for a value that is not a number. */
function quotasOf(form: Form): Record<string, number> {
  return Object.fromEntries(
    quotas.flatMap(([name, label]) => {
      const value = wholeNumber(form[name], label)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function overview(
  context: RenderContext,
  { id, did, status, usage, settings, domains, createdAt }: Tenant,
): Html {
  const bar = (used: number, most: number, label: string) =>
    html`${used} of ${most}${progress(used, most, label)}`
  const name = status === 'active' ? 'suspend' : 'restore'
  const label = status === 'active' ? 'Suspend the tenant' : 'Restore the tenant'
  return card(
    'Tenant',
    html`${facts([
      ['Id', html`<span class="mono">${id}</span>`],
      ['DID', did ?? 'none'],
      ['Accounts', bar(usage.accounts, settings.quotas.accounts, 'Accounts')],
      ['Groups', bar(usage.groups, settings.quotas.groups, 'Groups')],
      [
        'New this hour',
        bar(usage.accountsThisHour, settings.quotas.accountsPerHour, 'New accounts'),
      ],
      ['Domains', domains.join(', ') || 'none'],
      ['Created', timeOf(context, createdAt)],
    ])}
<div class="actions">${actionForm(context, { action: `${path}/${id}/${name}`, label })}</div>`,
    {
      badge: stateBadge(status),
      help: 'A suspension blocks the calls of the platform and suspends all of its accounts. Restoring the tenant restores them.',
    },
  )
}

function quotaForm(context: RenderContext, { id, settings }: Tenant): Html {
  const fields = quotas.map(([name, label]) =>
    field({ name, label, type: 'number', value: String(settings.quotas[name]), required: true }),
  )
  return card(
    'Quotas',
    html`<form method="post" action="${path}/${id}/quotas">${hiddenFields(context)}${fields}<button class="quiet">Save</button></form>`,
  )
}

function newTenant(context: RenderContext): Html {
  return card(
    'New tenant',
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'id', label: 'Id', required: true, maxLength: 63, help: 'Lower-case letters, digits and hyphens. It cannot be changed later.' })}
${field({ name: 'name', label: 'Name', maxLength: 200, help: 'Shown to users.' })}
${field({ name: 'did', label: 'DID', maxLength: 300, help: 'The DID of the platform, if it uses service tokens.' })}
<button>Create</button></form>`,
  )
}

function stateBadge(status: string): Html {
  return badge(status, status === 'active' ? 'good' : 'warn')
}
