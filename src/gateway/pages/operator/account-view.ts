/** The operator's page of one account. */
import { html } from 'hono/html'
import type { FactorOverview } from '#src/account/factors/overview.ts'
import type { AdminState } from '#src/account/lifecycle/admin-state.ts'
import type { SecurityEvent } from '#src/account/security-events.ts'
import type { AccountInvites } from '#src/directory/admin-invite-codes.ts'
import type { OperatorAuditView } from '#src/directory/operator-audit.ts'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import { badge, card, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { eventTable } from '#src/gateway/pages/event-views.ts'
import { actionForm, confirmForm, field } from '#src/gateway/pages/form-blocks.ts'
import { accountPath, statusBadge } from '#src/gateway/pages/operator/accounts.ts'
import { auditTable } from '#src/gateway/pages/operator/audit.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { type Html, hiddenFields, type Note, type RenderContext } from '#src/gateway/pages/shell.ts'

export interface AccountDetails {
  info: AccountInfo
  state: AdminState
  factors: FactorOverview
  events: readonly SecurityEvent[]
  invites: AccountInvites | undefined
  tenant: string | undefined
  audit: readonly OperatorAuditView[]
  note: Note | undefined
}

const SHOWN_EVENTS = 8

export function accountView(context: RenderContext, details: AccountDetails): Html {
  const { events, audit } = details
  const { text } = operatorTexts(context)
  return html`${identity(context, details)}
${moderation(context, details)}
${contact(context, details)}
${invitesCard(context, details)}
${card(text('securityEvents'), eventTable(context, events.slice(0, SHOWN_EVENTS)))}
${card(text('operatorActions'), auditTable(context, audit, text('noActionsOnAccount')))}
${danger(context, details)}`
}

function identity(context: RenderContext, { info, state, tenant }: AccountDetails): Html {
  const { text } = operatorTexts(context)
  const { did, handle, createdAt } = info
  const rows: [string, Html | string][] = [
    [text('handle'), html`<a href="https://${handle}" rel="noreferrer">${handle}</a>`],
    ['DID', html`<span class="mono">${did}</span>`],
    [text('created'), timeOf(context, createdAt)],
    [
      text('repo'),
      html`<a href="/xrpc/com.atproto.repo.describeRepo?repo=${did}">${text('collections')}</a>`,
    ],
  ]
  if (tenant !== undefined) {
    rows.push([text('tenant'), html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`])
  }
  if (state.takedownRef !== null) rows.push([text('takedown'), state.takedownRef])
  if (state.suspendedAt) rows.push([text('suspended'), timeOf(context, state.suspendedAt)])
  if (state.deactivatedAt) rows.push([text('deactivated'), timeOf(context, state.deactivatedAt)])
  return card(text('account'), facts(rows), { badge: statusBadge(context, state.status) })
}

function moderation(context: RenderContext, { info, state }: AccountDetails): Html {
  const { text } = operatorTexts(context)
  const { did, handle } = info
  const button = (name: string, label: string) =>
    actionForm(context, { action: `${accountPath(did)}/${name}`, label, about: handle })
  const takedown =
    state.takedownRef === null
      ? html`<form method="post" action="${accountPath(did)}/takedown">${hiddenFields(context)}
${field({ name: 'reason', label: text('takedownReason'), maxLength: 300, help: text('takedownHelp') })}
<button class="quiet">${text('takeDown')}</button></form>`
      : html`<div class="actions">${button('lift-takedown', text('liftTakedown'))}</div>`
  const suspension = state.suspendedAt
    ? button('lift-suspension', text('liftSuspension'))
    : button('suspend', text('suspend'))
  const activity = state.deactivatedAt
    ? button('activate', text('activate'))
    : button('deactivate', text('deactivate'))
  return card(
    text('moderation'),
    html`${takedown}<div class="actions">${suspension}${activity}${button('announce', text('announce'))}</div>`,
    {
      help: text('moderationHelp'),
    },
  )
}

function contact(context: RenderContext, { info, state, factors }: AccountDetails): Html {
  const { text } = operatorTexts(context)
  const { did, handle, email } = info
  const confirmed = state.emailConfirmedAt
    ? badge(text('confirmed'), 'good')
    : badge(text('notConfirmed'), 'warn')
  const second = [
    ...(factors.passkeys.length > 0 ? [text('nPasskeys', { n: factors.passkeys.length })] : []),
    ...(factors.totp === null ? [] : [text('authenticatorApp')]),
    ...(factors.emailCodes === null ? [] : [text('emailCodes')]),
  ]
  const form = (name: string, label: string, value: string, type: 'text' | 'email') =>
    html`<form method="post" action="${accountPath(did)}/${name}">${hiddenFields(context)}
${field({ name, label, value, type, required: true, maxLength: 300 })}<button class="quiet">${text('change')}</button></form>`
  return card(
    text('signInCard'),
    html`${facts([
      [text('email'), email === null ? text('none') : html`${email} ${confirmed}`],
      [text('secondFactors'), second.length === 0 ? text('none') : second.join(', ')],
    ])}
<div class="actions">${actionForm(context, { action: `${accountPath(did)}/reset-mail`, label: text('sendReset'), about: handle })}</div>
<details class="more"><summary>${text('changeNames')}</summary>
${form('handle', text('handle'), handle, 'text')}${form('email', text('email'), email ?? '', 'email')}</details>`,
  )
}

function invitesCard(context: RenderContext, { info, invites }: AccountDetails): Html {
  const { text } = operatorTexts(context)
  const { did, handle } = info
  const { invites: codes = [], invitedBy, invitesDisabled = false } = invites ?? {}
  const ownerOf = (account: string) => (account === 'admin' ? text('operator') : account)
  const rows = codes.map(({ code, available, uses, disabled }) => [
    code,
    text('ofTotal', { n: uses.length, total: available }),
    disabled ? badge(text('disabled'), 'quiet') : badge(text('usable'), 'good'),
  ])
  const name = invitesDisabled ? 'enable-invites' : 'disable-invites'
  const label = invitesDisabled ? text('enableInvites') : text('disableInvites')
  return card(
    text('invites'),
    html`${invitedBy === undefined ? '' : html`<p>${text('signedUpWith', { code: invitedBy.code, account: ownerOf(invitedBy.forAccount) })}</p>`}
${table({ label: text('inviteCodes'), head: [text('code'), text('used'), text('state')], rows, empty: text('noInviteCodes') })}
<div class="actions">${actionForm(context, { action: `${accountPath(did)}/${name}`, label, about: handle })}</div>`,
  )
}

function danger(context: RenderContext, { info, note }: AccountDetails): Html {
  const { text } = operatorTexts(context)
  const { did, handle } = info
  const form = (name: string, label: string) =>
    confirmForm(context, { action: `${accountPath(did)}/${name}`, typed: handle, label, note })
  return html`${card(text('secondFactors'), form('remove-factors', text('removeFactors')), {
    danger: true,
    help: text('removeFactorsHelp'),
  })}
${card(text('delete'), form('delete', text('deleteAccount')), {
  danger: true,
  help: text('deleteAccountHelp'),
})}`
}
