/** What operators did on the console: who, what, to whom, when and from where. */
import { html } from 'hono/html'
import type { OperatorAuditView } from '#src/directory/operator-audit.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const MAX_TEXT = 300

export function auditPages({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/audit', async (call, note) => {
    const { actor = '', target = '', cursor } = call.c.req.query()
    const [by, to] = [actor, target].map((text) => text.trim().slice(0, MAX_TEXT))
    const found = await server.dispatch.directory.operatorAudit.list({
      limit: PAGE,
      ...(by !== '' && { actor: by! }),
      ...(to !== '' && { target: to! }),
      ...(cursor !== undefined && { cursor }),
    })
    return call.render({
      ...{ title: 'Audit', wide: true, note },
      body: html`${filterForm(call.session, [
        { name: 'actor', label: 'By: a DID, or admin password', value: actor, maxLength: MAX_TEXT },
        {
          name: 'target',
          label: 'To: a DID, a tenant, an endpoint',
          value: target,
          maxLength: MAX_TEXT,
        },
      ])}
<section>${auditTable(auditRows(call.session, found.entries), 'No operator has done anything like that on the console.')}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}
<p class="muted">Kept for two years, at most 100,000 rows. Calls of the command line and of other clients with the admin password are in the log of the server.</p>`,
    })
  })
}

export function auditTable(rows: readonly (Html | string)[][], empty: string): Html {
  const head = ['When', 'Who', 'What', 'To', 'From']
  return table({ label: 'What operators did', head, rows, empty })
}

export function auditRows(
  context: RenderContext,
  entries: readonly OperatorAuditView[],
): (Html | string)[][] {
  return entries.map(({ at, actor, action, target, detail, address }) => [
    timeOf(context, at),
    actor,
    twoLines(action, detail),
    target ?? '–',
    address ?? '–',
  ])
}
