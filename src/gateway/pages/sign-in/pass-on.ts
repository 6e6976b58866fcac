/** Leads the browser from our pages to the app. */

import { html } from 'hono/html'
import type { HeldResponse } from '#src/gateway/oauth/library-calls.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import type { Visit } from '#src/gateway/pages/sign-in/visit.ts'

/** Hop by hop, or set by the server for the response that it sends. */
const dropped = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * After one of our forms an app on the web gets a page in between: `form-action 'self'` covers all redirects that follow a
 * form, those of the app, too. A native app is redirected to, since browsers open apps upon a user's click only.
 */
export async function passOn(
  { c }: Pick<Visit, 'c'>,
  view: SignInContext,
  { status, headers, body }: HeldResponse,
): Promise<Response> {
  const { location } = headers
  const isFromForm = c.req.header('sec-fetch-site') === 'same-origin'
  if (isFromForm && typeof location === 'string' && isWebTarget(location)) {
    const link = html`<a class="button wide" href="${location}">${view.messages.text('continue')}</a>`
    const title = { text: view.texts.text('backToApp') }
    return renderPage(view, { title, body: link, narrow: true, redirectTo: location })
  }
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    dropped.has(name) ? [] : [value].flat().map((one) => [name, one]),
  )
  return new Response(body, { status, headers: kept })
}

export function isWebTarget(url: string): boolean {
  return /^https?:/.test(url)
}

/** Lets the forms of a page lead to a native app, which has a scheme of its own. */
export function withFormTarget(response: Response, redirectUri: string): Response {
  const name = 'content-security-policy'
  const policy = response.headers.get(name) ?? ''
  const { protocol } = new URL(redirectUri)
  response.headers.set(name, policy.replace("form-action 'self'", `$& ${protocol}`))
  return response
}
