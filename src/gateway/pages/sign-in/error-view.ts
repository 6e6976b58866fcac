/** The error pages of a sign-in: the request has ended, cookies are blocked, or the server failed. */
import { html } from 'hono/html'
import type { PageError } from '#src/gateway/oauth/opened-page.ts'
import type { Page } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'

export function errorView(
  { texts }: SignInContext,
  { code, description }: PageError,
  status: number,
): Page {
  const isOver = /request_uri/.test(description)
  const text = isOver
    ? texts.text('requestOver')
    : status >= 500
      ? texts.text('technicalError')
      : description
  const details = isOver ? `${code}: ${description}` : code
  const body = html`<p class="lead" role="alert">${text}</p>
<p class="muted code">${details}</p>`
  return { title: { text: texts.text('errorTitle') }, body, narrow: true, status }
}

/** `href` is the page to try again with. */
export function noCookiesView({ texts }: SignInContext, href: string): Page {
  const body = html`<p class="lead" role="alert">${texts.text('cookiesHelp')}</p>
<a class="button wide" href="${href}">${texts.text('tryAgain')}</a>`
  return { title: { text: texts.text('cookiesTitle') }, body, narrow: true, status: 400 }
}
