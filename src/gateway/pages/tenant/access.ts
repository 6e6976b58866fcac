/** The API keys and the admins of a tenant. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf, namesOf } from '#src/gateway/pages/area/names.ts'
import { card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { tenantScopes } from '#src/rules/tenants.ts'

export const keysPage: AreaPage<TenantVisit> = {
  path: '/keys',
  title: () => 'Keys and admins',
  isFor: ({ may }) => may('manage'),
  async show(visit) {
    return {
      body: html`${await keys(visit)}${newKey(visit)}${await admins(visit)}`,
      wide: true,
    }
  },
  actions: {
    create: async ({ call }, form) => {
      const { name = '', until = '', addresses = '' } = form
      if (until !== '' && !/^\d{4}-\d{2}-\d{2}$/.test(until))
        throw invalidRequest('The date must be like 2026-11-30')
      const { key } = await call(tenant.createKey, {
        input: {
          name,
          scopes: tenantScopes.filter((scope) => form[`scope.${scope}`] === 'yes'),
          addresses: addresses.split(/[\s,]+/).filter((address) => address !== ''),
          ...(until !== '' && { expiresAt: `${until}T23:59:59.000Z` }),
        },
      })
      return {
        once: card('New API key', html`<div class="secret">${key}</div>`, {
          help: 'Copy it now. It is not shown again.',
        }),
      }
    },
    delete: async ({ call }, { prefix = '' }) => {
      await call(tenant.deleteKey, { input: { prefix } })
      return undefined
    },
    admin: async ({ call, context }, { who = '', role = '' }) => {
      const did = await didOf(context.server, who)
      await call(tenant.putAdmin, { input: { did, role } })
      return undefined
    },
    'admin/remove': async ({ call }, { did = '' }) => {
      await call(tenant.deleteAdmin, { input: { did } })
      return undefined
    },
  },
}

async function keys({ call, session, base }: TenantVisit) {
  const { keys: all } = await call(tenant.listKeys)
  const list = table({
    label: 'API keys',
    head: ['Name', 'Scopes', 'Addresses', 'Last used', 'Expires', ''],
    rows: all.map(({ prefix, name, scopes, addresses, lastUsedAt, expiresAt }) => [
      html`${name}<small><code>${prefix}…</code></small>`,
      scopes.join(', '),
      addresses.length === 0 ? 'any address' : addresses.join(', '),
      lastUsedAt === undefined ? 'never' : timeOf(session, lastUsedAt),
      expiresAt === undefined ? '' : timeOf(session, expiresAt),
      actionForm(session, {
        action: `${base}/keys/delete`,
        label: 'Delete',
        about: name,
        fields: { prefix },
      }),
    ]),
    empty: 'No API keys. Service tokens of your DID work without one.',
  })
  return card('API keys', list)
}

function newKey({ session, base }: TenantVisit) {
  return card(
    'New key',
    html`<form method="post" action="${base}/keys/create">${hiddenFields(session)}
${field({ name: 'name', label: 'Name', required: true, maxLength: 100 })}
<fieldset><legend>Scopes</legend>${tenantScopes.map((scope) => html`<label class="check"><input type="checkbox" name="scope.${scope}" value="yes">${scope}</label>`)}</fieldset>
${field({ name: 'addresses', label: 'IP addresses and ranges (empty for any)', maxLength: 1000 })}
${field({ name: 'until', label: 'Expires (empty for never)', type: 'date' })}
<button>Create</button></form>`,
  )
}

async function admins({ call, session, base, context }: TenantVisit) {
  const { admins: all } = await call(tenant.listAdmins)
  const names = await namesOf(
    context.server,
    all.map(({ did }) => did),
  )
  const list = table({
    label: 'Admins',
    head: ['Account', 'Role', 'Since', ''],
    rows: all.map(({ did, role, addedAt }) => [
      names(did),
      role,
      timeOf(session, addedAt),
      actionForm(session, {
        action: `${base}/keys/admin/remove`,
        label: 'Remove',
        about: names(did),
        fields: { did },
      }),
    ]),
    empty: 'None.',
  })
  const roles = ['owner', 'admin', 'viewer'].map((value) => ({ value, label: value }))
  const add = html`<form method="post" action="${base}/keys/admin">${hiddenFields(session)}
${field({ name: 'who', label: 'Handle or DID', required: true, maxLength: 300 })}
${field({ name: 'role', label: 'Role', options: roles, value: 'admin', help: 'Only owners can manage keys, admins and branding, and read the audit log. Viewers can only read.' })}
<button class="quiet">Add</button></form>`
  return card('Admins', html`${list}${add}`)
}
