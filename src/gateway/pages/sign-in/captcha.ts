/** hCaptcha on the sign-up page, if the operator has an account there. It is the only script of another server. */
import { html } from 'hono/html'
import { type Html, noteView } from '#src/gateway/pages/shell.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'

/** The field that its script fills. */
export const captchaField = 'h-captcha-response'

const script = 'https://js.hcaptcha.com/1/api.js'
/** https://docs.hcaptcha.com/#content-security-policy-settings */
const hosts = 'https://hcaptcha.com https://*.hcaptcha.com'

export function captcha({ texts }: SignInContext, siteKey: string | undefined): Html | '' {
  if (siteKey === undefined) return ''
  return html`<div class="h-captcha" data-sitekey="${siteKey}"></div>
<script src="${script}?hl=${texts.language}" async defer></script>
<noscript>${noteView({ text: texts.text('captchaNeedsScript'), bad: true })}</noscript>`
}

/** Changes the response. */
export function withCaptcha(response: Response): Response {
  const name = 'content-security-policy'
  const policy = (response.headers.get(name) ?? '')
    .replace(/(script|style)-src [^;]*/g, `$& ${hosts}`)
    .concat(`; frame-src ${hosts}; connect-src ${hosts}`)
  response.headers.set(name, policy)
  return response
}
