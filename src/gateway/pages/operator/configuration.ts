/** Every variable of this process: its value, unless it is a secret, and where that is from. */
import { html } from 'hono/html'
import type { Variable } from '#src/config/variables.ts'
import { badge, table } from '#src/gateway/pages/blocks.ts'
import { filterForm } from '#src/gateway/pages/form-blocks.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { type ServerText, serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

const MAX_TEXT = 100

export function configurationPages(
  { variables, health }: ConsolePorts,
  { get }: ConsoleRoutes,
): void {
  get('/configuration', async (call, note) => {
    const { q = '', show = '' } = call.c.req.query()
    const { text } = serverTexts(call.session)
    const wanted = q.trim().toUpperCase().slice(0, MAX_TEXT)
    const rows = variables
      .filter(({ name, source, isIgnored }) => {
        const isShown =
          show === 'all' || (!isIgnored && (show !== 'set' || source === 'environment'))
        return isShown && name.includes(wanted)
      })
      .map((one) => [
        html`<span class="mono">${one.name}</span>`,
        shownValue(text, one),
        sourceOf(text, one),
      ])
    const { release } = health.build
    return call.render({
      ...{ title: call.text('configuration'), wide: true, note },
      body: html`${filterForm(call.session, [
        { name: 'q', label: text('name'), type: 'search', value: q, maxLength: MAX_TEXT },
        {
          ...{ name: 'show', label: text('show'), value: show },
          options: [
            { value: '', label: text('inEffect') },
            { value: 'set', label: text('inEnvironment') },
            { value: 'all', label: text('all') },
          ],
        },
      ])}
<section>${table({ label: text('variables'), head: [text('variable'), text('value'), text('source')], rows, empty: text('noVariables') })}</section>
<p class="muted">${text('configurationHelp', { release: String(release) })}</p>`,
    })
  })
}

function shownValue(text: ServerText, { value, isSecret, source }: Variable): Html | string {
  if (isSecret) return source === 'none' ? '–' : badge(text('hidden'), 'quiet')
  return value === undefined || value === '' ? '–' : html`<span class="mono">${value}</span>`
}

function sourceOf(text: ServerText, { source, isIgnored }: Variable): Html | string {
  const from = text(`source.${source}`)
  return isIgnored ? twoLines(from, text('ignored')) : from
}
