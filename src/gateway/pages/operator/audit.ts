/** The audit log of operators: actor, action, target, time and address. */
import { html } from 'hono/html'
import type { OperatorAuditView } from '#src/directory/operator-audit.ts'
import { table, timeOf } from '#src/gateway/pages/blocks.ts'
import { filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { actorName } from '#src/gateway/pages/operator/console-call.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import { ADMIN_PASSWORD } from '#src/rules/operators.ts'

const PAGE = 50
const MAX_TEXT = 300

export function auditPages({ server }: ConsolePorts, { get }: ConsoleRoutes): void {
  get('/audit', async (call, note) => {
    const { actor = '', target = '', cursor } = call.c.req.query()
    const { text } = call
    const [typed, to] = [actor, target].map((one) => one.trim().slice(0, MAX_TEXT))
    const by = typed === text('byPassword') ? ADMIN_PASSWORD : typed
    const found = await server.dispatch.directory.operatorAudit.list({
      limit: PAGE,
      ...(by !== '' && { actor: by! }),
      ...(to !== '' && { target: to! }),
      ...(cursor !== undefined && { cursor }),
    })
    return call.render({
      ...{ title: text('audit'), wide: true, note },
      body: html`${filterForm(call.session, [
        {
          name: 'actor',
          label: text('auditActor'),
          value: actor,
          maxLength: MAX_TEXT,
        },
        {
          name: 'target',
          label: text('auditTarget'),
          value: target,
          maxLength: MAX_TEXT,
        },
      ])}
<section>${auditTable(call.session, found.entries, text('noMatchingEntries'))}</section>
${pager(call.session, { after: nextPage(call.c.req.url, found.cursor) })}
<p class="muted">${text('auditKept')}</p>`,
    })
  })
}

export function auditTable(
  context: RenderContext,
  entries: readonly OperatorAuditView[],
  empty: string,
): Html {
  const { text } = operatorTexts(context)
  return table({
    label: text('operatorActions'),
    head: [text('time'), text('actor'), text('action'), text('target'), text('address')],
    rows: entries.map(({ at, actor, action, target, detail, address }) => [
      timeOf(context, at),
      actorName(text, actor),
      twoLines(word(context, 'action', action), detail),
      target ?? '–',
      address ?? '–',
    ]),
    empty,
  })
}
