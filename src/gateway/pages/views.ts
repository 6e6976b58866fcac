/** The pages of an owner who is signed in: what there is, what can be added and removed, and what is shown once. */
import { html, raw } from 'hono/html'
import type { FactorOverview } from '#src/account/factors/overview.ts'
import type { SecurityEvent } from '#src/account/security-events.ts'
import type { AppPassword } from '#src/account/sessions/app-passwords.ts'
import { dated, eventTable } from '#src/gateway/pages/event-views.ts'
import { home } from '#src/gateway/pages/home.ts'
import {
  type Frame,
  type Html,
  hidden,
  type Note,
  noteOf,
  type Page,
  told,
} from '#src/gateway/pages/shell.ts'
import { passkeyForm } from '#src/gateway/pages/sign-in-views.ts'
import type { CreationOptions } from '#src/ports/webauthn.ts'

const SHOWN_EVENTS = 8

export interface Overview {
  factors: FactorOverview
  passwords: readonly AppPassword[]
  events: readonly SecurityEvent[]
  passkeyOptions: CreationOptions
  owner: string
  note?: Note | undefined
}

export function overviewView(frame: Frame, input: Overview): Page {
  const { speech } = frame
  const { factors, passwords, events, passkeyOptions, owner, note } = input
  const body = html`${passkeys(frame, factors, passkeyOptions)}${totp(frame, factors)}${emailCodes(frame, factors)}
${recovery(frame, factors)}${factors.passkeys.length > 0 ? signInCode(frame) : ''}${appPasswords(frame, passwords, note)}
<section aria-labelledby="events"><h2 id="events">${speech.say('events')}</h2>
${eventTable(frame, events.slice(0, SHOWN_EVENTS))}
${events.length > SHOWN_EVENTS ? html`<a class="button quiet" href="${home}/events">${speech.say('allEvents')}</a>` : ''}
</section>`
  // What a field has done wrong is told beside it: the page is long.
  return { title: 'title', body, owner, note: note?.field ? undefined : note, passkeys: true }
}

export function eventsView(frame: Frame, events: readonly SecurityEvent[], owner: string): Page {
  const body = html`<section>${eventTable(frame, events)}</section>${back(frame)}`
  return { title: 'events', body, owner }
}

export function totpView(
  frame: Frame,
  input: { uri: string; key: string; qr: string; owner: string; note?: Note },
): Page {
  const { speech } = frame
  const { uri, key, qr, owner, note } = input
  const spaced = key.match(/.{1,4}/g)?.join(' ') ?? key
  const body = html`<section>
<p>${speech.say('totpScan')}</p>
<div class="qr" role="img" aria-label="${speech.say('totpQr')}">${raw(qr)}</div>
<p><a href="${uri}">${speech.say('totpOpen')}</a></p>
<p>${speech.say('totpKey')}</p>
<div class="secret">${spaced}</div>
${codeForm(frame, { action: 'totp', label: speech.say('totpEnter'), button: speech.say('turnOn'), note })}
</section>${back(frame)}`
  return { title: 'totp', body, owner, note }
}

export function emailView(frame: Frame, input: { owner: string; note?: Note }): Page {
  const { speech } = frame
  const button = speech.say('turnOn')
  const form = codeForm(frame, {
    ...{ action: 'email', label: speech.say('emailEnter'), button },
    note: input.note,
  })
  return { title: 'emailCodes', body: html`<section>${form}</section>${back(frame)}`, ...input }
}

/** What is shown once: codes or a password, each on a line of its own. */
export function secretView(
  frame: Frame,
  input: {
    title: 'recovery' | 'appPasswords' | 'signInCode'
    help: string
    secrets: readonly string[]
    owner: string
  },
): Page {
  const { title, help, secrets, owner } = input
  const lines = secrets.map((secret) => html`<div>${secret}</div>`)
  const body = html`<section><p>${help}</p><div class="secret codes">${lines}</div></section>${back(frame)}`
  return { title, body, owner }
}

function passkeys(frame: Frame, factors: FactorOverview, options: CreationOptions): Html {
  const { speech } = frame
  const rows = factors.passkeys.map(({ id, name, createdAt, lastUsedAt }) => {
    const used = lastUsedAt === null ? '' : html`, ${dated(frame, 'lastUsed', lastUsedAt)}`
    const when = html`${dated(frame, 'added', createdAt)}${used}`
    return row(frame, { name, when, action: 'passkeys/remove', fields: { id } })
  })
  const before = html`<label for="passkey-name">${speech.say('passkeyName')}</label>
<input id="passkey-name" name="name" maxlength="50" required>`
  const label = speech.say('addPasskey')
  return html`<section aria-labelledby="passkeys"><h2 id="passkeys">${speech.say('passkeys')}</h2>
<p class="muted">${speech.say('passkeysHelp')}</p>${rows.length > 0 ? html`<ul>${rows}</ul>` : ''}
${passkeyForm(frame, { kind: 'create', action: 'passkeys', options, label, before })}</section>`
}

function totp(frame: Frame, { totp: on }: FactorOverview): Html {
  const { speech } = frame
  const link = html`<a class="button quiet" href="${home}/totp">${speech.say('setUp')}</a>`
  return html`<section aria-labelledby="totp"><h2 id="totp">${speech.say('totp')}</h2>
<p class="muted">${speech.say('totpHelp')}</p>
${on === null ? link : switchOff(frame, on.createdAt, 'totp')}</section>`
}

function emailCodes(frame: Frame, { emailCodes: on, email }: FactorOverview): Html {
  const { speech } = frame
  const offer = html`<form method="post" action="${home}/email/begin">${hidden(frame)}
<button class="quiet">${speech.say('setUp')}</button></form>`
  const help = email === null ? speech.say('noEmail') : speech.say('emailHelp', { email })
  const state =
    on === null ? (email === null ? '' : offer) : switchOff(frame, on.createdAt, 'email')
  return html`<section aria-labelledby="email"><h2 id="email">${speech.say('emailCodes')}</h2>
<p class="muted">${help}</p>${state}</section>`
}

function switchOff(frame: Frame, since: string, name: 'totp' | 'email'): Html {
  const { speech } = frame
  return html`<ul><li class="row"><div class="muted">${dated(frame, 'onSince', since)}</div>
<form method="post" action="${home}/${name}/remove">${hidden(frame)}
<button class="quiet" aria-describedby="${name}">${speech.say('turnOff')}</button></form></li></ul>`
}

function recovery(frame: Frame, { recoveryCodesLeft: n, ...factors }: FactorOverview): Html {
  const { speech } = frame
  const hasFactors =
    factors.passkeys.length > 0 || factors.totp !== null || factors.emailCodes !== null
  const missing = hasFactors ? html`<p class="note warn">${speech.say('noCodesYet')}</p>` : ''
  return html`<section aria-labelledby="recovery"><h2 id="recovery">${speech.say('recovery')}</h2>
<p class="muted">${speech.say('recoveryHelp')}</p>${n === 0 ? missing : html`<p>${speech.say('codesLeft', { n })}</p>`}
<form method="post" action="${home}/recovery">${hidden(frame)}
<button class="quiet">${speech.say('newCodes')}</button></form></section>`
}

function signInCode(frame: Frame): Html {
  const { speech } = frame
  return html`<section aria-labelledby="code"><h2 id="code">${speech.say('signInCode')}</h2>
<p class="muted">${speech.say('signInCodeHelp')}</p>
<form method="post" action="${home}/code">${hidden(frame)}
<button class="quiet">${speech.say('getCode')}</button></form></section>`
}

function appPasswords(frame: Frame, passwords: readonly AppPassword[], note?: Note): Html {
  const { speech } = frame
  const rows = passwords.map(({ name, createdAt, privileged }) => {
    const rights = privileged ? ` – ${speech.say('privileged')}` : ''
    const when = html`${dated(frame, 'added', createdAt)}${rights}`
    return row(frame, { name, when, action: 'app-passwords/remove', fields: { name } })
  })
  return html`<section aria-labelledby="app-passwords"><h2 id="app-passwords">${speech.say('appPasswords')}</h2>
<p class="muted">${speech.say('appPasswordsHelp')}</p>
${rows.length > 0 ? html`<ul>${rows}</ul>` : ''}
<form method="post" action="${home}/app-passwords">${hidden(frame)}
<label for="app-name">${speech.say('appName')}</label><input id="app-name" name="name" maxlength="100" required${told('app-name', note)}${raw(note?.field ? ' autofocus' : '')}>
${note?.field ? noteOf(note) : ''}
<label class="check"><input type="checkbox" name="privileged" value="yes">${speech.say('privileged')}</label>
<button class="quiet">${speech.say('create')}</button></form></section>`
}

function row(
  frame: Frame,
  input: { name: string; when: Html; action: string; fields: Record<string, string> },
): Html {
  const { speech } = frame
  const { name, when, action, fields } = input
  return html`<li class="row"><div>${name}<small>${when}</small></div>
<form method="post" action="${home}/${action}">${hidden(frame, fields)}
<button class="quiet" aria-label="${speech.say('removeNamed', { name })}">${speech.say('remove')}</button></form></li>`
}

function codeForm(
  frame: Frame,
  input: { action: string; label: string; button: string; note?: Note | undefined },
): Html {
  const { action, label, button, note } = input
  return html`<form method="post" action="${home}/${action}">${hidden(frame)}
<label for="code">${label}</label><input id="code" name="code" autocomplete="one-time-code" autocorrect="off"
 spellcheck="false" required maxlength="40"${told('code', note)} autofocus><button>${button}</button></form>`
}

function back({ speech }: Frame): Html {
  return html`<p><a class="button quiet" href="${home}">${speech.say('back')}</a></p>`
}
