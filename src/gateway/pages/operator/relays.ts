/** Relays: how each stands with this server, the request to its operator, and the request to crawl. */
import { html } from 'hono/html'
import * as sync from '#src/gateway/methods/com.atproto.sync.ts'
import { seconds } from '#src/gateway/operator/alerts/rule.ts'
import { relayReport } from '#src/gateway/operator/relay-report.ts'
import { badge, card, emptyState, facts, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm } from '#src/gateway/pages/form-blocks.ts'
import { accountName } from '#src/gateway/pages/operator/accounts.ts'
import { required, wholeNumber } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'
import { type RelayReport, requestText } from '#src/protocol/relay-request.ts'

const LISTED = 100

export function relayPages(ports: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { server } = ports
  const show: ShowPage = async (call, note, status = 200) => {
    const report = await relayReport(ports)
    const cards = await Promise.all(
      report.relays.map(async (row) => relayCard(call.session, report, row, await behind(row))),
    )
    const none = emptyState(
      'No relays are configured. Set PDS_CRAWLERS, for example to https://bsky.network.',
    )
    const crawl = {
      action: `${consolePath}/relays/crawl`,
      label: 'Request a crawl',
      kind: 'primary',
    } as const
    return call.render({
      ...{ title: 'Relays', note, status },
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
      const relay = required(form['relay'], 'The relay')
      const limit = wholeNumber(form['limit'], 'The limit') ?? null
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
  const { relay, status, warning, error } = row
  const isGood = ['active', 'idle'].includes(status)
  const count = (n: number | null) => (n === null ? 'unknown' : String(n))
  const id = `limit-${relay.replaceAll(/\W+/g, '-')}`
  return card(
    relay.replace(/^https?:\/\//, ''),
    html`${warning === undefined ? '' : html`<p class="note warn">${warning}</p>`}
${error === undefined ? '' : html`<p class="note bad">${error}</p>`}
${facts([
  ['Accounts here', count(row.accountsHere)],
  ['Accounts there', count(row.accountsThere)],
  [
    'Accounts checked',
    `${row.asked}: ${row.active} active, ${row.throttled} throttled, ${row.absent} unknown to it`,
  ],
  [
    'Account limit',
    row.limit === null
      ? 'above the default, exact number unknown'
      : `${row.limit}, as far as known`,
  ],
  ['Lag', row.lagSeconds === null ? 'unknown' : seconds(row.lagSeconds)],
  ['Last checked', row.lastAsked === null ? 'never' : timeOf(context, row.lastAsked)],
])}
${behind.length === 0 ? '' : table({ label: `Accounts that ${relay} does not forward`, head: ['Account', 'Status there'], rows: behind.map((one) => [accountName(one), one.status]), empty: '' })}
<details class="more"><summary>Request for a higher account limit</summary>
<pre class="secret">${requestText(report, row)}</pre></details>
<details class="more"><summary>Set the limit that its operator granted</summary>
<form method="post" action="${consolePath}/relays/limit">${hiddenFields(context, { relay })}
<label for="${id}">Account limit (empty if unknown)</label>
<input id="${id}" name="limit" type="number" min="1" max="999999999" value="${row.limit ?? ''}">
<button class="quiet">Save</button></form></details>`,
    { badge: badge(status, isGood ? 'good' : status === 'not asked yet' ? 'quiet' : 'bad') },
  )
}
