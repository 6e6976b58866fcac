/** Every variable of this process: its value, unless it is a secret, and where that is from. */
import { html } from 'hono/html'
import type { Variable } from '#src/config/variables.ts'
import { badge, table } from '#src/gateway/pages/blocks.ts'
import { filterForm } from '#src/gateway/pages/form-blocks.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

const MAX_TEXT = 100

export function configurationPages(
  { variables, health }: ConsolePorts,
  { get }: ConsoleRoutes,
): void {
  get('/configuration', async (call, note) => {
    const { q = '', show = '' } = call.c.req.query()
    const text = q.trim().toUpperCase().slice(0, MAX_TEXT)
    const rows = variables
      .filter(({ name, source, isIgnored }) => {
        const isShown =
          show === 'all' || (!isIgnored && (show !== 'set' || source === 'environment'))
        return isShown && name.includes(text)
      })
      .map((one) => [html`<span class="mono">${one.name}</span>`, shownValue(one), sourceOf(one)])
    const { release } = health.build
    return call.render({
      ...{ title: 'Configuration', wide: true, note },
      body: html`${filterForm(call.session, [
        { name: 'q', label: 'Name', type: 'search', value: q, maxLength: MAX_TEXT },
        {
          ...{ name: 'show', label: 'Show', value: show },
          options: [
            { value: '', label: 'In effect' },
            { value: 'set', label: 'Set in the environment' },
            { value: 'all', label: 'All' },
          ],
        },
      ])}
<section>${table({ label: 'Variables', head: ['Variable', 'Value', 'Source'], rows, empty: 'No matching variables.' })}</section>
<p class="muted">As read when this process started, with release ${release}. Secrets are never shown. Changes need a restart.</p>`,
    })
  })
}

function shownValue({ value, isSecret, source }: Variable): Html | string {
  if (isSecret) return source === 'none' ? '–' : badge('hidden', 'quiet')
  return value === undefined || value === '' ? '–' : html`<span class="mono">${value}</span>`
}

function sourceOf({ source, isIgnored }: Variable): Html | string {
  const from = source === 'none' ? 'not set' : source
  return isIgnored ? twoLines(from, 'ignored') : from
}
