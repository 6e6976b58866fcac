/** The table of security events, and times. */
import { html } from 'hono/html'
import type { SecurityEvent } from '#src/account/security-events.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { browserName } from '#src/ports/browser-name.ts'

export function eventTable(context: RenderContext, events: readonly SecurityEvent[]): Html {
  const { messages } = context
  if (events.length === 0) return html`<p class="muted">${messages.text('none')}</p>`
  const rows = events.map(({ kind, at, ip, userAgent, detail }) => {
    const event = html`${messages.text(kind)}${detail === null ? '' : html`<small>${detailText(context, detail)}</small>`}`
    const device = html`${userAgent === null ? '' : browserName(userAgent)}${ip === null ? '' : html`<small>${ip}</small>`}`
    return html`<tr><td>${event}</td><td>${time(context, at)}</td><td>${device}</td></tr>`
  })
  return html`<table><thead><tr><th scope="col">${messages.text('event')}</th><th scope="col">${messages.text('date')}</th>
<th scope="col">${messages.text('device')}</th></tr></thead><tbody>${rows}</tbody></table>`
}

export function dateMessage(
  context: RenderContext,
  key: 'added' | 'lastUsed' | 'onSince',
  iso: string,
): Html {
  const [before = '', after = ''] = context.messages.text(key, { date: '\n' }).split('\n')
  return html`${before}${time(context, iso)}${after}`
}

/** In UTC, until the page's script converts it to the reader's time zone. */
function time({ messages }: RenderContext, iso: string): Html {
  return html`<time datetime="${iso}">${messages.formatDate(iso)}</time>`
}

/** Of a security event. */
export function detailText({ messages }: RenderContext, detail: string): string {
  if (detail === 'recovery codes') return messages.text('recovery')
  if (detail === 'TOTP') return messages.text('totp')
  return detail === 'email' ? messages.text('emailCodes') : detail
}
