/** The audit log of operators: actor, action, target, time and address. */
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
        {
          name: 'actor',
          label: 'Actor: a DID, or admin password',
          value: actor,
          maxLength: MAX_TEXT,
        },
        {
          name: 'target',
          label: 'Target: a DID, tenant or endpoint',
          value: target,
          maxLength: MAX_TEXT,
        },
      ])}
<section>${auditTable(auditRows(call.session, found.entries), 'No matching entries.')}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}
<p class="muted">Kept for two years, up to 100,000 rows. Calls from the command line and from other clients with the admin password are in the server's log instead.</p>`,
    })
  })
}

export function auditTable(rows: readonly (Html | string)[][], empty: string): Html {
  const head = ['Time', 'Actor', 'Action', 'Target', 'Address']
  return table({ label: 'Operator actions', head, rows, empty })
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
