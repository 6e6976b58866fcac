/** Parts of the pages for signing in and of those that need a session. */
import { html } from 'hono/html'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Html, hiddenFields, type Page, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { CreationOptions, RequestOptions } from '#src/ports/webauthn.ts'

export function or({ messages }: RenderContext): Html {
  return html`<div class="or">${messages.text('or')}</div>`
}

export function notFoundView({ messages }: RenderContext): Page {
  const body = html`<a class="button wide" href="${securityPath}">${messages.text('back')}</a>`
  return { title: 'notFound', body, narrow: true, status: 404 }
}

/** An intermediate page on the way back to the app: `form-action 'self'` forbids a form to redirect to another site. */
export function returnToView({ messages }: RenderContext, next: string): Page {
  const body = html`<a class="button wide" href="${next}">${messages.text('continue')}</a>`
  return { title: 'youAreSignedIn', body, narrow: true, redirectTo: next }
}

export function passkeyForm(
  context: RenderContext,
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
  const { messages } = context
  return html`<form method="post" action="${securityPath}/${action}" data-passkey="${kind}"
 data-options="${JSON.stringify(options)}">${hiddenFields(context, { ...fields, response: '' })}
${before}<button class="${kind === 'get' ? 'quiet wide' : 'quiet'}">${label}</button>
<p class="muted" data-unsupported hidden>${messages.text('passkeysUnsupported')}</p>
<p class="note bad" role="alert" data-failed hidden>${messages.text('wrongPasskey')}</p>${after}
</form>`
}
