/** A table cell with a second line in small text. */
import { html } from 'hono/html'
import type { Html } from '#src/gateway/pages/shell.ts'

export function twoLines(first: Html | string | number, second: Html | string | undefined): Html {
  if (second === undefined) return html`${first}`
  return html`<div>${first}<small>${second}</small></div>`
}
