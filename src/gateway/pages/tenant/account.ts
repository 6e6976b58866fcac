/** One account of a tenant, and the actions of the tenant on it. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { card, facts, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field, isTyped } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import { statusBadge } from '#src/gateway/pages/tenant/account-table.ts'
import { auditTable } from '#src/gateway/pages/tenant/audit.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'

const SHOWN_ROWS = 10

/** The DID in the path; the method checks that the account is the tenant's. */
const didOf = (c: { req: { param(name: string): string | undefined } }) => c.req.param('did') ?? ''

export const accountPage: AreaPage<TenantVisit> = {
  path: '/accounts/:did',
  title: () => 'Account',
  isInNav: false,
  async show(visit, c, note) {
    const { call, session, base, may } = visit
    const account = await call(tenant.getAccount, { params: { did: didOf(c) } })
    const { did, handle, status, kind, externalId, email, suspendedBy, createdAt } = account
    const path = `${base}/accounts/${did}`
    const about = facts([
      ['Handle', handle],
      ['DID', html`<code>${did}</code>`],
      ['External id', externalId ?? '–'],
      ['Email', email ?? '–'],
      ['Kind', kind],
      [
        'Status',
        html`${statusBadge(status)}${suspendedBy === undefined ? '' : ` by ${suspendedBy}`}`,
      ],
      ['Created', timeOf(session, createdAt)],
    ])
    const mayWrite = may('accounts:write')
    const body = html`${card(handle, about)}
${mayWrite ? html`${kind === 'person' ? claim(visit, path) : ''}${suspension(visit, path, status)}${change(visit, path, account)}` : ''}
${may('manage') ? card('Audit log', await auditTable(visit, { target: did, limit: SHOWN_ROWS })) : ''}
${mayWrite ? card('Delete', confirmForm(session, { action: `${path}/delete`, typed: handle, label: 'Delete the account', note }), { help: 'Permanently deletes the account, its repository and its files.', danger: true }) : ''}`
    return { body }
  },
  actions: {
    claim: async ({ call }, _, c) => {
      const { url } = await call(tenant.createClaim, { input: { account: didOf(c) } })
      const body = html`<div class="secret">${url}</div>`
      return {
        once: card('Claim link', body, {
          help: 'Send it to the user. It works once, expires after seven days, and is not shown again.',
        }),
      }
    },
    suspend: async ({ call }, { reason = '' }, c) => {
      const input = { did: didOf(c), ...(reason !== '' && { reason }) }
      await call(tenant.suspendAccount, { input })
      return undefined
    },
    restore: async ({ call }, _, c) => {
      await call(tenant.restoreAccount, { input: { did: didOf(c) } })
      return undefined
    },
    change: async ({ call }, { handle = '', email = '', externalId = '' }, c) => {
      const did = didOf(c)
      const now = await call(tenant.getAccount, { params: { did } })
      await call(tenant.updateAccount, {
        input: {
          did,
          ...(handle !== '' && handle !== now.handle && { handle }),
          ...(email !== '' && email !== now.email && { email }),
          ...(externalId !== '' && externalId !== now.externalId && { externalId }),
        },
      })
      return undefined
    },
    delete: async ({ call, base }, form, c) => {
      const did = didOf(c)
      const { handle } = await call(tenant.getAccount, { params: { did } })
      if (!isTyped(form, handle)) throw invalidRequest('The handle does not match', 'WronglyTyped')
      await call(tenant.deleteAccount, { input: { did } })
      return { goTo: `${base}/accounts` }
    },
  },
}

function claim({ session }: TenantVisit, path: string): Html {
  const form = actionForm(session, { action: `${path}/claim`, label: 'Create a claim link' })
  return card('Hand over to the user', form, {
    help: 'With the link, the user sets an email address and a password. The account then belongs to the user alone.',
  })
}

function suspension({ session }: TenantVisit, path: string, status: string): Html {
  if (status === 'suspended') {
    return card('Restore', actionForm(session, { action: `${path}/restore`, label: 'Restore' }))
  }
  const form = html`<form method="post" action="${path}/suspend">${hiddenFields(session)}
${field({ name: 'reason', label: 'Reason, for the audit log', maxLength: 300 })}
<button class="bad">Suspend</button></form>`
  return card('Suspend', form, {
    help: 'The account is hidden until it is restored. Nothing is deleted.',
  })
}

function change(
  { session }: TenantVisit,
  path: string,
  { handle, email, externalId }: { handle: string; email?: string; externalId?: string },
): Html {
  return card(
    'Change',
    html`<form method="post" action="${path}/change">${hiddenFields(session)}
${field({ name: 'handle', label: 'Handle', value: handle, maxLength: 253 })}
${field({ name: 'email', label: 'Email', value: email, type: 'email', maxLength: 320 })}
${field({ name: 'externalId', label: 'External id', value: externalId, maxLength: 256 })}
<button class="quiet">Save</button></form>`,
  )
}
