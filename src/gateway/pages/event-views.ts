/** What happened to an account, as a table, and moments as the reader's clock would show them. */
import { html } from 'hono/html'
import type { SecurityEvent } from '#src/account/security-events.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { browserName } from '#src/ports/browser-name.ts'

export function eventTable(frame: RenderContext, events: readonly SecurityEvent[]): Html {
  const { messages } = frame
  if (events.length === 0) return html`<p class="muted">${messages.text('none')}</p>`
  const rows = events.map(({ kind, at, ip, userAgent, detail }) => {
    const what = html`${messages.text(kind)}${detail === null ? '' : html`<small>${detailOf(frame, detail)}</small>`}`
    const whence = html`${userAgent === null ? '' : browserName(userAgent)}${ip === null ? '' : html`<small>${ip}</small>`}`
    return html`<tr><td>${what}</td><td>${moment(frame, at)}</td><td>${whence}</td></tr>`
  })
  return html`<table><thead><tr><th scope="col">${messages.text('what')}</th><th scope="col">${messages.text('when')}</th>
<th scope="col">${messages.text('whence')}</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** A sentence with a moment in it. */
export function dateMessage(
  frame: RenderContext,
  word: 'added' | 'lastUsed' | 'onSince',
  iso: string,
): Html {
  const [before = '', after = ''] = frame.messages.text(word, { date: '\n' }).split('\n')
  return html`${before}${moment(frame, iso)}${after}`
}

/** In UTC, until the script of the page puts it into the reader's own time. */
function moment({ messages }: RenderContext, iso: string): Html {
  return html`<time datetime="${iso}">${messages.formatDate(iso)}</time>`
}

/** Kinds of factors are noted by names of ours; all else is somebody's own words. */
function detailOf({ messages }: RenderContext, detail: string): string {
  if (detail === 'recovery codes') return messages.text('recovery')
  if (detail === 'TOTP') return messages.text('totp')
  return detail === 'email' ? messages.text('emailCodes') : detail
}
