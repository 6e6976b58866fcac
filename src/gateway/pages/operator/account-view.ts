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
import { auditRows, auditTable } from '#src/gateway/pages/operator/audit.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
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
  return html`${identity(context, details)}
${moderation(context, details)}
${contact(context, details)}
${invitesCard(context, details)}
${card('Security events', eventTable(context, events.slice(0, SHOWN_EVENTS)))}
${card('Operator actions', auditTable(auditRows(context, audit), 'No operator has changed this account.'))}
${danger(context, details)}`
}

function identity(context: RenderContext, { info, state, tenant }: AccountDetails): Html {
  const { did, handle, createdAt } = info
  const rows: [string, Html | string][] = [
    ['Handle', html`<a href="https://${handle}" rel="noreferrer">${handle}</a>`],
    ['DID', html`<span class="mono">${did}</span>`],
    ['Created', timeOf(context, createdAt)],
    ['Repo', html`<a href="/xrpc/com.atproto.repo.describeRepo?repo=${did}">Collections</a>`],
  ]
  if (tenant !== undefined) {
    rows.push(['Tenant', html`<a href="${consolePath}/tenants/${tenant}">${tenant}</a>`])
  }
  if (state.takedownRef !== null) rows.push(['Takedown', state.takedownRef])
  if (state.suspendedAt) rows.push(['Suspended', timeOf(context, state.suspendedAt)])
  if (state.deactivatedAt) rows.push(['Deactivated', timeOf(context, state.deactivatedAt)])
  return card('Account', facts(rows), { badge: statusBadge(state.status) })
}

function moderation(context: RenderContext, { info, state }: AccountDetails): Html {
  const { did, handle } = info
  const button = (name: string, label: string) =>
    actionForm(context, { action: `${accountPath(did)}/${name}`, label, about: handle })
  const takedown =
    state.takedownRef === null
      ? html`<form method="post" action="${accountPath(did)}/takedown">${hiddenFields(context)}
${field({ name: 'reason', label: 'Takedown reason or reference', maxLength: 300, help: 'A takedown hides the account everywhere and ends its sessions. It can be lifted.' })}
<button class="quiet">Take down</button></form>`
      : html`<div class="actions">${button('lift-takedown', 'Lift the takedown')}</div>`
  const suspension = state.suspendedAt
    ? button('lift-suspension', 'Lift the suspension')
    : button('suspend', 'Suspend')
  const activity = state.deactivatedAt
    ? button('activate', 'Activate')
    : button('deactivate', 'Deactivate')
  return card(
    'Moderation',
    html`${takedown}<div class="actions">${suspension}${activity}${button('announce', 'Announce to relays')}</div>`,
    {
      help: 'A suspension hides the account but keeps its sessions. All of these can be undone here.',
    },
  )
}

function contact(context: RenderContext, { info, state, factors }: AccountDetails): Html {
  const { did, handle, email } = info
  const confirmed = state.emailConfirmedAt
    ? badge('confirmed', 'good')
    : badge('not confirmed', 'warn')
  const second = [
    ...(factors.passkeys.length > 0 ? [`${factors.passkeys.length} passkeys`] : []),
    ...(factors.totp === null ? [] : ['an authenticator app']),
    ...(factors.emailCodes === null ? [] : ['codes by email']),
  ]
  const form = (name: string, label: string, value: string, type: 'text' | 'email') =>
    html`<form method="post" action="${accountPath(did)}/${name}">${hiddenFields(context)}
${field({ name, label, value, type, required: true, maxLength: 300 })}<button class="quiet">Change</button></form>`
  return card(
    'Sign-in',
    html`${facts([
      ['Email', email === null ? 'none' : html`${email} ${confirmed}`],
      ['Second factors', second.length === 0 ? 'none' : second.join(', ')],
    ])}
<div class="actions">${actionForm(context, { action: `${accountPath(did)}/reset-mail`, label: 'Send a password reset email', about: handle })}</div>
<details class="more"><summary>Change the handle or email address</summary>
${form('handle', 'Handle', handle, 'text')}${form('email', 'Email', email ?? '', 'email')}</details>`,
  )
}

function invitesCard(context: RenderContext, { info, invites }: AccountDetails): Html {
  const { did, handle } = info
  const { invites: codes = [], invitedBy, invitesDisabled = false } = invites ?? {}
  const rows = codes.map(({ code, available, uses, disabled }) => [
    code,
    `${uses.length} of ${available}`,
    disabled ? badge('disabled', 'quiet') : badge('usable', 'good'),
  ])
  const name = invitesDisabled ? 'enable-invites' : 'disable-invites'
  const label = invitesDisabled ? 'Enable invite codes' : 'Disable invite codes'
  return card(
    'Invites',
    html`${invitedBy === undefined ? '' : html`<p>Signed up with the code ${invitedBy.code}, created for ${invitedBy.forAccount}.</p>`}
${table({ label: 'Invite codes', head: ['Code', 'Used', 'State'], rows, empty: 'No invite codes.' })}
<div class="actions">${actionForm(context, { action: `${accountPath(did)}/${name}`, label, about: handle })}</div>`,
  )
}

function danger(context: RenderContext, { info, note }: AccountDetails): Html {
  const { did, handle } = info
  const form = (name: string, label: string) =>
    confirmForm(context, { action: `${accountPath(did)}/${name}`, typed: handle, label, note })
  return html`${card('Second factors', form('remove-factors', 'Remove second factors'), {
    danger: true,
    help: 'For a user who has lost all of them and whose identity you have verified. The password is not changed.',
  })}
${card('Delete', form('delete', 'Delete the account'), {
  danger: true,
  help: 'Permanently deletes the repo, its blobs and the credentials, and notifies relays. The user keeps control of a did:plc only with a recovery key.',
})}`
}
