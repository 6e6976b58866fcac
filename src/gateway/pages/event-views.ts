/** What happened to an account, as a table, and moments as the reader's clock would show them. */
import { html } from 'hono/html'
import type { SecurityEvent } from '#src/account/security-events.ts'
import type { Frame, Html } from '#src/gateway/pages/shell.ts'
import { browserName } from '#src/ports/browser-name.ts'

export function eventTable(frame: Frame, events: readonly SecurityEvent[]): Html {
  const { speech } = frame
  if (events.length === 0) return html`<p class="muted">${speech.say('none')}</p>`
  const rows = events.map(({ kind, at, ip, userAgent, detail }) => {
    const what = html`${speech.say(kind)}${detail === null ? '' : html`<small>${detailOf(frame, detail)}</small>`}`
    const whence = html`${userAgent === null ? '' : browserName(userAgent)}${ip === null ? '' : html`<small>${ip}</small>`}`
    return html`<tr><td>${what}</td><td>${moment(frame, at)}</td><td>${whence}</td></tr>`
  })
  return html`<table><thead><tr><th scope="col">${speech.say('what')}</th><th scope="col">${speech.say('when')}</th>
<th scope="col">${speech.say('whence')}</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** A sentence with a moment in it. */
export function dated(frame: Frame, word: 'added' | 'lastUsed' | 'onSince', iso: string): Html {
  const [before = '', after = ''] = frame.speech.say(word, { date: '\n' }).split('\n')
  return html`${before}${moment(frame, iso)}${after}`
}

/** In UTC, until the script of the page puts it into the reader's own time. */
function moment({ speech }: Frame, iso: string): Html {
  return html`<time datetime="${iso}">${speech.date(iso)}</time>`
}

/** Kinds of factors are noted by names of ours; all else is somebody's own words. */
function detailOf({ speech }: Frame, detail: string): string {
  if (detail === 'recovery codes') return speech.say('recovery')
  if (detail === 'TOTP') return speech.say('totp')
  return detail === 'email' ? speech.say('emailCodes') : detail
}
