/** The pages of a signed-in owner: overview, events, authenticator app, codes by email, and secrets that are shown once. */
import { html, raw } from 'hono/html'
import type { FactorOverview } from '#src/account/factors/overview.ts'
import type { SecurityEvent } from '#src/account/security-events.ts'
import { dateMessage, eventTable } from '#src/gateway/pages/event-views.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import {
  fieldAttributes,
  type Html,
  hiddenFields,
  type Note,
  type Page,
  type RenderContext,
} from '#src/gateway/pages/shell.ts'
import { passkeyForm } from '#src/gateway/pages/sign-in-views.ts'
import type { CreationOptions } from '#src/ports/webauthn.ts'

const SHOWN_EVENTS = 8

/** Of a signed-in owner. */
type OwnPage = Page & { owner: string }

export interface Overview {
  factors: FactorOverview
  events: readonly SecurityEvent[]
  passkeyOptions: CreationOptions
  owner: string
  note?: Note | undefined
}

export function overviewView(context: RenderContext, input: Overview): OwnPage {
  const { messages } = context
  const { factors, events, passkeyOptions, owner, note } = input
  const body = html`${passkeys(context, factors, passkeyOptions)}${totp(context, factors)}${emailCodes(context, factors)}
${recovery(context, factors)}${factors.passkeys.length > 0 ? signInCode(context) : ''}
<section aria-labelledby="events"><h2 id="events">${messages.text('events')}</h2>
${eventTable(context, events.slice(0, SHOWN_EVENTS))}
${events.length > SHOWN_EVENTS ? html`<a class="button quiet" href="${securityPath}/events">${messages.text('allEvents')}</a>` : ''}
</section>`
  return { title: 'title', body, owner, note, passkeys: true }
}

export function eventsView(
  context: RenderContext,
  events: readonly SecurityEvent[],
  owner: string,
): OwnPage {
  const body = html`<section>${eventTable(context, events)}</section>${back(context)}`
  return { title: 'events', body, owner }
}

export function totpView(
  context: RenderContext,
  input: { uri: string; key: string; qr: string; owner: string; note?: Note },
): OwnPage {
  const { messages } = context
  const { uri, key, qr, owner, note } = input
  const spaced = key.match(/.{1,4}/g)?.join(' ') ?? key
  const body = html`<section>
<p>${messages.text('totpScan')}</p>
<div class="qr" role="img" aria-label="${messages.text('totpQr')}">${raw(qr)}</div>
<p><a href="${uri}">${messages.text('totpOpen')}</a></p>
<p>${messages.text('totpKey')}</p>
<div class="secret">${spaced}</div>
${codeForm(context, { action: 'totp', label: messages.text('totpEnter'), button: messages.text('turnOn'), note })}
</section>${back(context)}`
  return { title: 'totp', body, owner, note }
}

export function emailView(context: RenderContext, input: { owner: string; note?: Note }): OwnPage {
  const { messages } = context
  const button = messages.text('turnOn')
  const form = codeForm(context, {
    ...{ action: 'email', label: messages.text('emailEnter'), button },
    note: input.note,
  })
  return { title: 'emailCodes', body: html`<section>${form}</section>${back(context)}`, ...input }
}

export function secretView(
  context: RenderContext,
  input: {
    title: 'recovery' | 'signInCode'
    help: string
    secrets: readonly string[]
    owner: string
  },
): OwnPage {
  const { title, help, secrets, owner } = input
  const lines = secrets.map((secret) => html`<div>${secret}</div>`)
  const body = html`<section><p>${help}</p><div class="secret codes">${lines}</div></section>${back(context)}`
  return { title, body, owner }
}

function passkeys(context: RenderContext, factors: FactorOverview, options: CreationOptions): Html {
  const { messages } = context
  const rows = factors.passkeys.map(({ id, name, createdAt, lastUsedAt }) => {
    const used = lastUsedAt === null ? '' : html`, ${dateMessage(context, 'lastUsed', lastUsedAt)}`
    const when = html`${dateMessage(context, 'added', createdAt)}${used}`
    return row(context, { name, when, action: 'passkeys/remove', fields: { id } })
  })
  const before = html`<label for="passkey-name">${messages.text('passkeyName')}</label>
<input id="passkey-name" name="name" maxlength="50" required>`
  const label = messages.text('addPasskey')
  return html`<section aria-labelledby="passkeys"><h2 id="passkeys">${messages.text('passkeys')}</h2>
<p class="muted">${messages.text('passkeysHelp')}</p>${rows.length > 0 ? html`<ul>${rows}</ul>` : ''}
${passkeyForm(context, { kind: 'create', action: 'passkeys', options, label, before })}</section>`
}

function totp(context: RenderContext, { totp: on }: FactorOverview): Html {
  const { messages } = context
  const link = html`<a class="button quiet" href="${securityPath}/totp">${messages.text('setUp')}</a>`
  return html`<section aria-labelledby="totp"><h2 id="totp">${messages.text('totp')}</h2>
<p class="muted">${messages.text('totpHelp')}</p>
${on === null ? link : switchOff(context, on.createdAt, 'totp')}</section>`
}

function emailCodes(context: RenderContext, { emailCodes: on, email }: FactorOverview): Html {
  const { messages } = context
  const offer = html`<form method="post" action="${securityPath}/email/begin">${hiddenFields(context)}
<button class="quiet">${messages.text('setUp')}</button></form>`
  const help = email === null ? messages.text('noEmail') : messages.text('emailHelp', { email })
  const state =
    on === null ? (email === null ? '' : offer) : switchOff(context, on.createdAt, 'email')
  return html`<section aria-labelledby="email"><h2 id="email">${messages.text('emailCodes')}</h2>
<p class="muted">${help}</p>${state}</section>`
}

function switchOff(context: RenderContext, since: string, name: 'totp' | 'email'): Html {
  const { messages } = context
  return html`<ul><li class="row"><div class="muted">${dateMessage(context, 'onSince', since)}</div>
<form method="post" action="${securityPath}/${name}/remove">${hiddenFields(context)}
<button class="quiet" aria-describedby="${name}">${messages.text('turnOff')}</button></form></li></ul>`
}

function recovery(
  context: RenderContext,
  { recoveryCodesLeft: n, ...factors }: FactorOverview,
): Html {
  const { messages } = context
  const hasFactors =
    factors.passkeys.length > 0 || factors.totp !== null || factors.emailCodes !== null
  const missing = hasFactors
    ? html`<p class="note warn">${messages.text('noRecoveryCodes')}</p>`
    : ''
  return html`<section aria-labelledby="recovery"><h2 id="recovery">${messages.text('recovery')}</h2>
<p class="muted">${messages.text('recoveryHelp')}</p>${n === 0 ? missing : html`<p>${messages.text('recoveryCodesLeft', { n })}</p>`}
<form method="post" action="${securityPath}/recovery">${hiddenFields(context)}
<button class="quiet">${messages.text('newRecoveryCodes')}</button></form></section>`
}

function signInCode(context: RenderContext): Html {
  const { messages } = context
  return html`<section aria-labelledby="code"><h2 id="code">${messages.text('signInCode')}</h2>
<p class="muted">${messages.text('signInCodeHelp')}</p>
<form method="post" action="${securityPath}/code">${hiddenFields(context)}
<button class="quiet">${messages.text('getCode')}</button></form></section>`
}

function row(
  context: RenderContext,
  input: { name: string; when: Html; action: string; fields: Record<string, string> },
): Html {
  const { messages } = context
  const { name, when, action, fields } = input
  return html`<li class="row"><div>${name}<small>${when}</small></div>
<form method="post" action="${securityPath}/${action}">${hiddenFields(context, fields)}
<button class="quiet" aria-label="${messages.text('removeNamed', { name })}">${messages.text('remove')}</button></form></li>`
}

function codeForm(
  context: RenderContext,
  input: { action: string; label: string; button: string; note?: Note | undefined },
): Html {
  const { action, label, button, note } = input
  return html`<form method="post" action="${securityPath}/${action}">${hiddenFields(context)}
<label for="code">${label}</label><input id="code" name="code" autocomplete="one-time-code" autocorrect="off"
 spellcheck="false" required maxlength="40"${fieldAttributes('code', note)} autofocus><button>${button}</button></form>`
}

function back({ messages }: RenderContext): Html {
  return html`<p><a class="button quiet" href="${securityPath}">${messages.text('back')}</a></p>`
}
