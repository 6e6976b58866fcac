/** The pages on which the owner signs in: password or passkey, and the second step. */
import { html, raw } from 'hono/html'
import { home } from '#src/gateway/pages/home.ts'
import {
  type Frame,
  type Html,
  hidden,
  type Note,
  type Page,
  told,
} from '#src/gateway/pages/shell.ts'
import type { CreationOptions, RequestOptions } from '#src/ports/webauthn.ts'

export function signInView(
  frame: Frame,
  input: { options: RequestOptions; identifier?: string; next?: string; note?: Note },
): Page {
  const { speech } = frame
  const { options, identifier = '', next, note } = input
  const [first, second] = identifier === '' ? [' autofocus', ''] : ['', ' autofocus']
  const body = html`${next === undefined ? '' : html`<p class="lead">${speech.say('thenBack')}</p>`}
<form method="post" action="${home}/sign-in">${hidden(frame, { next })}
<label for="identifier">${speech.say('identifier')}</label>
<input id="identifier" name="identifier" value="${identifier}" autocomplete="username" autocapitalize="none"
 autocorrect="off" spellcheck="false" required maxlength="300"${told('password', note)}${raw(first)}>
<label for="password">${speech.say('password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="512"${told('password', note)}${raw(second)}>
<button class="wide">${speech.say('signIn')}</button>
</form>
${passkeyForm(frame, {
  ...{ kind: 'get', action: 'sign-in/passkey', options, fields: { next } },
  label: speech.say('withPasskey'),
  before: or(frame),
})}
<p class="links"><a href="/account/reset-password">${speech.say('forgot')}</a></p>`
  return { title: 'signIn', body, note, narrow: true, passkeys: true }
}

export function stepView(
  frame: Frame,
  input: { kinds: readonly string[]; options?: RequestOptions; next?: string; note?: Note },
): Page {
  const { speech } = frame
  const { kinds, options, next, note } = input
  const passkey =
    options &&
    passkeyForm(frame, {
      ...{ kind: 'get', action: 'step', options, fields: { next } },
      label: speech.say('usePasskey'),
      after: or(frame),
    })
  const mail = html`<form method="post" action="${home}/step/mail">${hidden(frame, { next })}
<button class="quiet wide">${speech.say('mailCode')}</button></form>`
  const body = html`${note === undefined ? html`<p class="lead">${speech.say('secondStepHelp')}</p>` : ''}
${passkey ?? ''}
<form method="post" action="${home}/step">${hidden(frame, { next })}
<label for="code">${speech.say('code')}</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" autocorrect="off"
 spellcheck="false" required maxlength="40"${told('code', note, 'code-help')} autofocus>
<small id="code-help">${speech.say('codeHelp')}</small>
<button class="wide">${speech.say('continue')}</button>
</form>
${kinds.includes('email') ? mail : ''}`
  return { title: 'secondStep', body, note, narrow: true, passkeys: options !== undefined }
}

function or({ speech }: Frame): Html {
  return html`<div class="or">${speech.say('or')}</div>`
}

/** Where there is nothing. */
export function notFoundView({ speech }: Frame): Page {
  const body = html`<a class="button wide" href="${home}">${speech.say('back')}</a>`
  return { title: 'notFound', body, narrow: true, status: 404 }
}

/** On the way back to the app, in a page of its own: a form may not lead to another site, and that one does. */
export function onwardView({ speech }: Frame, next: string): Page {
  const body = html`<a class="button wide" href="${next}">${speech.say('continue')}</a>`
  return { title: 'youAreSignedIn', body, narrow: true, onward: next }
}

/** A form that the script of `page-scripts.ts` takes care of. */
export function passkeyForm(
  frame: Frame,
  input: {
    kind: 'create' | 'get'
    action: string
    options: RequestOptions | CreationOptions
    label: string
    fields?: Record<string, string | undefined>
    before?: Html
    after?: Html
  },
): Html {
  const { kind, action, options, label, fields, before = '', after = '' } = input
  const { speech } = frame
  return html`<form method="post" action="${home}/${action}" data-passkey="${kind}"
 data-options="${JSON.stringify(options)}">${hidden(frame, { ...fields, response: '' })}
${before}<button class="${kind === 'get' ? 'quiet wide' : 'quiet'}">${label}</button>
<p class="muted" data-unsupported hidden>${speech.say('noPasskeysHere')}</p>
<p class="note bad" role="alert" data-failed hidden>${speech.say('wrongPasskey')}</p>${after}
</form>`
}
