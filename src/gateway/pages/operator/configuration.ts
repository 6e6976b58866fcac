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
            { value: '', label: 'What has an effect' },
            { value: 'set', label: 'What is set' },
            { value: 'all', label: 'Everything' },
          ],
        },
      ])}
<section>${table({ label: 'Variables', head: ['Variable', 'Value', 'From'], rows, empty: 'No variable has such a name.' })}</section>
<p class="muted">As this process read them when it started; release ${release}. Secrets are never shown. A change needs a restart.</p>`,
    })
  })
}

function shownValue({ value, isSecret, source }: Variable): Html | string {
  if (isSecret) return source === 'none' ? '–' : badge('hidden', 'quiet')
  return value === undefined || value === '' ? '–' : html`<span class="mono">${value}</span>`
}

function sourceOf({ source, isIgnored }: Variable): Html | string {
  const from = source === 'none' ? 'not set' : source
  return isIgnored ? twoLines(from, 'without effect') : from
}
