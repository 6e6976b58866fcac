/** One account of a tenant, and the actions of the tenant on it. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import type { AreaPage } from '#src/gateway/pages/area/area.ts'
import { card, facts, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, confirmForm, field, isTyped } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields } from '#src/gateway/pages/shell.ts'
import { statusBadge } from '#src/gateway/pages/tenant/account-table.ts'
import { auditTable } from '#src/gateway/pages/tenant/audit.ts'
import { relayBadges } from '#src/gateway/pages/tenant/relay-badges.ts'
import type { TenantVisit } from '#src/gateway/pages/tenant/tenant-visit.ts'
import { wordOf } from '#src/gateway/pages/tenant/texts.ts'
import * as tenant from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const SHOWN_ROWS = 10

/** The DID in the path; the method checks that the account is the tenant's. */
const didOf = (c: { req: { param(name: string): string | undefined } }) => c.req.param('did') ?? ''

export const accountPage: AreaPage<TenantVisit> = {
  path: '/accounts/:did',
  title: ({ text }) => text('account'),
  isInNav: false,
  async show(visit, c, note) {
    const { call, session, base, may, text } = visit
    const account = await call(tenant.getAccount, { params: { did: didOf(c) } })
    const { did, handle, status, kind, externalId, email, suspendedBy, createdAt } = account
    const path = `${base}/accounts/${did}`
    const relay = (await relayBadges(visit, [account])).get(did)
    const about = facts([
      [text('handle'), handle],
      ['DID', html`<code>${did}</code>`],
      [text('externalId'), externalId ?? '–'],
      [text('email'), email ?? '–'],
      [text('kind'), wordOf(text, 'kind', kind)],
      [
        text('status'),
        html`${statusBadge(visit.session, status)}${suspendedBy === undefined ? '' : ` ${wordOf(text, 'by', suspendedBy)}`}`,
      ],
      ...(relay === undefined
        ? []
        : [[text('relays'), html`${relay}<small>${text('relaysHelp')}</small>`] as const]),
      [text('created'), timeOf(session, createdAt)],
      ...(await lastArchive(visit, did)),
    ])
    const mayWrite = may('accounts:write')
    const body = html`${card(handle, about)}
${mayWrite ? html`${kind === 'person' ? claim(visit, path) : ''}${suspension(visit, path, status)}${change(visit, path, account)}` : ''}
${may('manage') ? card(text('auditLog'), await auditTable(visit, { target: did, limit: SHOWN_ROWS })) : ''}
${mayWrite ? card(text('delete'), confirmForm(session, { action: `${path}/delete`, typed: handle, label: text('deleteAccount'), note }), { help: text('deleteAccountHelp'), danger: true }) : ''}`
    return { body }
  },
  actions: {
    claim: async ({ call, text }, _, c) => {
      const { url } = await call(tenant.createClaim, { input: { account: didOf(c) } })
      const body = html`<div class="secret">${url}</div>`
      return {
        once: card(text('claimLink'), body, { help: text('claimLinkHelp') }),
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

/** Nothing if the server makes no archives. */
async function lastArchive(
  { context, session, text }: TenantVisit,
  did: string,
): Promise<(readonly [string, Html | string])[]> {
  const { archives, dispatch } = context.server
  if (!archives.isConfigured) return []
  const [state] = await dispatch.directory.archives.states({ dids: [did] })
  const at = state?.archivedAt ?? null
  const time = at === null ? text('noArchive') : timeOf(session, isoTime(at))
  return [[text('lastArchive'), time]]
}

function claim({ session, text }: TenantVisit, path: string): Html {
  const form = actionForm(session, { action: `${path}/claim`, label: text('makeClaim') })
  return card(text('claim'), form, { help: text('claimHelp') })
}

function suspension({ session, text }: TenantVisit, path: string, status: string): Html {
  if (status === 'suspended') {
    return card(
      text('restore'),
      actionForm(session, { action: `${path}/restore`, label: text('restore') }),
    )
  }
  const form = html`<form method="post" action="${path}/suspend">${hiddenFields(session)}
${field({ name: 'reason', label: text('reason'), maxLength: 300 })}
<button class="bad">${text('suspend')}</button></form>`
  return card(text('suspend'), form, { help: text('suspendHelp') })
}

function change(
  { session, text }: TenantVisit,
  path: string,
  { handle, email, externalId }: { handle: string; email?: string; externalId?: string },
): Html {
  return card(
    text('change'),
    html`<form method="post" action="${path}/change">${hiddenFields(session)}
${field({ name: 'handle', label: text('handle'), value: handle, maxLength: 253 })}
${field({ name: 'email', label: text('email'), value: email, type: 'email', maxLength: 320 })}
${field({ name: 'externalId', label: text('externalId'), value: externalId, maxLength: 256 })}
<button class="quiet">${text('save')}</button></form>`,
  )
}
