/** Relays: how each stands with this server, the request to its operator, and the request to crawl. */
import { html } from 'hono/html'
import * as sync from '#src/gateway/methods/com.atproto.sync.ts'
import { relayReport } from '#src/gateway/operator/relay-report.ts'
import { badge, card, emptyState, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import { accountName } from '#src/gateway/pages/operator/accounts.ts'
import { alertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import { required, wholeNumber } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'
import { type RelayReport, requestText } from '#src/protocol/relay-request.ts'

const LISTED = 100

export function relayPages(ports: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { server } = ports
  const show: ShowPage = async (call, note, status = 200) => {
    const { text } = serverTexts(call.session)
    const report = await relayReport(ports)
    const cards = await Promise.all(
      report.relays.map(async (row) => relayCard(call.session, report, row, await behind(row))),
    )
    const none = emptyState(text('noRelays'))
    const crawl = {
      action: `${consolePath}/relays/crawl`,
      label: text('requestCrawl'),
      kind: 'primary',
    } as const
    return call.render({
      ...{ title: call.text('relays'), note, status },
      ...(cards.length > 0 && { actions: actionForm(call.session, crawl) }),
      body: html`${cards.length === 0 ? none : cards}`,
    })
  }

  /** The accounts that the relay does not forward. */
  async function behind({ relay, throttled, absent }: RelayRow) {
    if (throttled + absent === 0) return []
    const { relays } = server.dispatch.directory
    const pages = await Promise.all(
      ['throttled', 'absent'].map((status) =>
        relays.listAccounts({ url: relay, status, limit: LISTED }),
      ),
    )
    return pages.flatMap(({ accounts }) => accounts)
  }

  get('/relays', show)
  post(
    '/relays/crawl',
    async (call) => {
      await call.run(sync.requestCrawl, { hostname: server.service.hostname })
      return call.redirect('/relays', 'crawl')
    },
    show,
  )
  post(
    '/relays/limit',
    async (call, form) => {
      const { text } = serverTexts(call.session)
      const relay = required(call, form['relay'], text('relay'))
      const limit = wholeNumber(call, form['limit'], text('accountLimit')) ?? null
      await call.audit('note the limit of a relay', { target: relay, limit })
      await server.relays.setLimit(relay, limit)
      return call.redirect('/relays', 'saved')
    },
    show,
  )
}

function relayCard(
  context: RenderContext,
  report: RelayReport,
  row: RelayRow,
  behind: readonly { did: string; handle: string; status: string }[],
): Html {
  const { text } = serverTexts(context)
  const words = alertWords(context)
  const warning = words.relayWarning(row)
  const { relay, status, error } = row
  const isGood = ['active', 'idle'].includes(status)
  const count = (n: number | null) => (n === null ? text('unknown') : words.number(n))
  const id = `limit-${relay.replaceAll(/\W+/g, '-')}`
  return card(
    relay.replace(/^https?:\/\//, ''),
    html`${warning === undefined ? '' : html`<p class="note warn">${warning}</p>`}
${error === undefined ? '' : html`<p class="note bad">${words.relayError(error)}</p>`}
${facts([
  [text('accountsHere'), count(row.accountsHere)],
  [text('accountsThere'), count(row.accountsThere)],
  [
    text('accountsChecked'),
    text('checkedCounts', {
      ...{ n: row.asked, active: row.active, throttled: row.throttled, absent: row.absent },
    }),
  ],
  [
    text('accountLimit'),
    row.limit === null ? text('aboveUsual') : text('asFarAsKnown', { n: row.limit }),
  ],
  [text('lag'), row.lagSeconds === null ? text('unknown') : words.unit(row.lagSeconds, 'second')],
  [text('lastChecked'), row.lastAsked === null ? text('never') : timeOf(context, row.lastAsked)],
])}
${behind.length === 0 ? '' : table({ label: text('notForwarded', { relay }), head: [text('account'), text('statusThere')], rows: behind.map((one) => [accountName(one), words.relayStatus(one.status)]), empty: '' })}
<details class="more"><summary>${text('limitRequest')}</summary>
<pre class="secret" lang="en">${requestText(report, row)}</pre></details>
<details class="more"><summary>${text('setLimit')}</summary>
<form method="post" action="${consolePath}/relays/limit">${hiddenFields(context, { relay })}
<label for="${id}">${text('limitOrEmpty')}</label>
<input id="${id}" name="limit" type="number" min="1" max="999999999" value="${row.limit ?? ''}">
<button class="quiet">${text('save')}</button></form></details>`,
    {
      badge: badge(
        words.relayStatus(status),
        isGood ? 'good' : status === 'not asked yet' ? 'quiet' : 'bad',
      ),
    },
  )
}
