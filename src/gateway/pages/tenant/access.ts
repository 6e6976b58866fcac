/** The API keys and the admins of a tenant. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { didOf, namesOf } from '#src/gateway/pages/area/names.ts'
import { card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields } from '#src/gateway/pages/shell.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { wordOf } from '#src/gateway/pages/tenant/texts.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { tenantScopes } from '#src/rules/tenants.ts'

export const keysPage: AreaPage<TenantVisit> = {
  path: '/keys',
  title: ({ text }) => text('keysAndAdmins'),
  isFor: ({ may }) => may('manage'),
  async show(visit) {
    return {
      body: html`${await keys(visit)}${newKey(visit)}${await admins(visit)}`,
      wide: true,
    }
  },
  actions: {
    create: async ({ call, text }, form) => {
      const { name = '', until = '', addresses = '' } = form
      if (until !== '' && !/^\d{4}-\d{2}-\d{2}$/.test(until))
        throw invalidRequest(text('wrongDate'))
      const { key } = await call(tenant.createKey, {
        input: {
          name,
          scopes: tenantScopes.filter((scope) => form[`scope.${scope}`] === 'yes'),
          addresses: addresses.split(/[\s,]+/).filter((address) => address !== ''),
          ...(until !== '' && { expiresAt: `${until}T23:59:59.000Z` }),
        },
      })
      return {
        once: card(text('madeKey'), html`<div class="secret">${key}</div>`, {
          help: text('shownOnce'),
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

async function keys({ call, session, base, text }: TenantVisit) {
  const { keys: all } = await call(tenant.listKeys)
  const list = table({
    label: text('keys'),
    head: [
      ...[text('name'), text('keyScopes'), text('addresses'), text('lastUsed'), text('expires')],
      '',
    ],
    rows: all.map(({ prefix, name, scopes, addresses, lastUsedAt, expiresAt }) => [
      html`${name}<small><code>${prefix}…</code></small>`,
      scopes.join(', '),
      addresses.length === 0 ? text('anyAddress') : addresses.join(', '),
      lastUsedAt === undefined ? text('never') : timeOf(session, lastUsedAt),
      expiresAt === undefined ? '' : timeOf(session, expiresAt),
      actionForm(session, {
        action: `${base}/keys/delete`,
        label: text('delete'),
        about: name,
        fields: { prefix },
      }),
    ]),
    empty: text('noKeys'),
  })
  return card(text('keys'), list)
}

function newKey({ session, base, text }: TenantVisit) {
  return card(
    text('newKey'),
    html`<form method="post" action="${base}/keys/create">${hiddenFields(session)}
${field({ name: 'name', label: text('name'), required: true, maxLength: 100 })}
<fieldset><legend>${text('keyScopes')}</legend>${tenantScopes.map((scope) => html`<label class="check"><input type="checkbox" name="scope.${scope}" value="yes">${scope}</label>`)}</fieldset>
${field({ name: 'addresses', label: text('addressesHelp'), maxLength: 1000 })}
${field({ name: 'until', label: text('expiresHelp'), type: 'date' })}
<button>${text('create')}</button></form>`,
  )
}

async function admins({ call, session, base, context, text }: TenantVisit) {
  const { admins: all } = await call(tenant.listAdmins)
  const names = await namesOf(
    context.server,
    all.map(({ did }) => did),
  )
  const list = table({
    label: text('admins'),
    head: [text('account'), text('role'), text('since'), ''],
    rows: all.map(({ did, role, addedAt }) => [
      names(did),
      wordOf(text, 'role', role),
      timeOf(session, addedAt),
      actionForm(session, {
        action: `${base}/keys/admin/remove`,
        label: text('remove'),
        about: names(did),
        fields: { did },
      }),
    ]),
    empty: text('none'),
  })
  const roles = ['owner', 'admin', 'viewer'].map((value) => ({
    ...{ value, label: wordOf(text, 'role', value) },
  }))
  const add = html`<form method="post" action="${base}/keys/admin">${hiddenFields(session)}
${field({ name: 'who', label: text('handleOrDid'), required: true, maxLength: 300 })}
${field({ name: 'role', label: text('role'), options: roles, value: 'admin', help: text('rolesHelp') })}
<button class="quiet">${text('add')}</button></form>`
  return card(text('admins'), html`${list}${add}`)
}
