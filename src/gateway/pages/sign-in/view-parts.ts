/** Parts that several sign-in pages have: forms, the way back, the account in a row, and the app's name. */
import { html, raw } from 'hono/html'
import type { PageAccount } from '#src/gateway/oauth/opened-page.ts'
import { fieldAttributes, type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'

/** What a form asks for; each is one function of `actions`. */
export type ActionName =
  | 'sign-in'
  | 'passkey'
  | 'step'
  | 'mail-code'
  | 'handle'
  | 'sign-up'
  | 'reset'
  | 'new-password'
  | 'consent'
  | 'deny'
  | 'reactivate'

export function actionForm(
  context: SignInContext,
  action: ActionName,
  body: Html,
  fields: Record<string, string | undefined> = {},
): Html {
  const { flow } = context
  return html`<form method="post" action="${flow.link()}">${hiddenFields(context, { do: action, ...fields })}
${body}
</form>`
}

/** The library's own page leaves the app's request, too. */
export function cancelForm(context: SignInContext, label = context.texts.text('cancel')): Html {
  if (context.flow.requestUri === undefined) return html``
  return actionForm(context, 'deny', html`<button class="quiet wide">${label}</button>`)
}

export function passwordField(
  label: string,
  input: {
    autocomplete: 'current-password' | 'new-password'
    note?: Note | undefined
    help?: string
    autofocus?: boolean
  },
): Html {
  const { autocomplete, note, help, autofocus = false } = input
  const isNew = autocomplete === 'new-password'
  return html`<label for="password">${label}</label>
<input id="password" name="password" type="password" autocomplete="${autocomplete}" required${raw(isNew ? ' minlength="8" maxlength="256"' : ' maxlength="512"')}${fieldAttributes('password', note, help === undefined ? '' : 'password-help')}${raw(autofocus ? ' autofocus' : '')}>
${help === undefined ? '' : html`<small id="password-help">${help}</small>`}`
}

export function nameOf({ account }: PageAccount): string {
  return account.handle ?? account.did
}

export function accountLine(context: SignInContext, one: PageAccount): Html {
  const { account } = one
  const name = account.name ?? nameOf(one)
  // The name of a group has its member in it.
  const below = [account.handle !== undefined && account.name !== undefined ? account.handle : '']
  if (account.deactivated) below.push(context.texts.text('deactivated'))
  const small = below.filter((text) => text !== '').join(' · ')
  return html`<span class="avatar" aria-hidden="true">${initialOf(name)}</span>
<span class="named"><b>${name}</b>${small === '' ? '' : html`<small>${small}</small>`}</span>`
}

function initialOf(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.replace(/^did:\w+:/, ''))
  return first?.segment.toUpperCase() ?? ''
}

/**
 * The name of an app on our pages: the one it states if the operator trusts it, otherwise its address, which is verified.
 */
export function appName(
  client: { id: string; name: string | undefined; isTrusted: boolean },
  deviceApp: string,
): string {
  if (client.isTrusted && client.name !== undefined) return client.name
  const url = URL.parse(client.id)
  if (url?.protocol === 'http:') return deviceApp
  // One host may serve many apps, so only the usual path is left out.
  const isUsual = url?.pathname === '/oauth-client-metadata.json' && !url.port && !url.search
  return isUsual ? url.host : client.id.replace(/^https:\/\//, '')
}
