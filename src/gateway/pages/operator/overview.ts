/** The first page of the console: current alerts, the figures of the server, and their charts. */
import { html } from 'hono/html'
import { type Alert, alertsOf } from '#src/gateway/operator/alerts/alerts.ts'
import { type AlertInputs, seconds } from '#src/gateway/operator/alerts/rule.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'
import { badge, card, stat, stats, table } from '#src/gateway/pages/blocks.ts'
import { shortNumber } from '#src/gateway/pages/chart.ts'
import { alertInputsOf } from '#src/gateway/pages/operator/alert-inputs.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { liveCells, type liveRoute } from '#src/gateway/pages/operator/live.ts'
import { overviewCharts, rangeLinks, rangeOf } from '#src/gateway/pages/operator/overview-charts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import { sizeText } from '#src/ports/size-text.ts'

export function overviewPages(
  ports: ConsolePorts,
  { get }: ConsoleRoutes,
  live: ReturnType<typeof liveRoute>,
): void {
  get('', async (call, note) => {
    const range = rangeOf(call.c.req.query('range'))
    const cells = await overviewCells(ports, range.ms)
    return call.render({
      ...{ title: 'Overview', wide: true, note, islands: ['live', 'chart'] },
      actions: rangeLinks(range.name),
      body: html`<div data-live="${consolePath}/live?range=${range.name}">${liveCells(cells)}</div>
<p class="muted">Charts show samples that this process takes every 30 seconds and keeps in memory for a day. A restart clears them, and each gateway has its own. For longer periods, scrape <a href="/metrics">/metrics</a> with Prometheus.</p>`,
    })
  })
  live('/live', ({ c }) => overviewCells(ports, rangeOf(c.req.query('range')).ms))
}

/** By the name under which the page replaces them. */
export async function overviewCells(
  ports: ConsolePorts,
  rangeMs: number,
): Promise<Record<string, Html>> {
  const inputs = await alertInputsOf(ports)
  const { health, server, samples } = ports
  const [counts, cases] = await Promise.all([
    health.counts(),
    server.dispatch.directory.moderationCases.count().catch(() => undefined),
  ])
  const last = inputs.samples.at(-1)
  const figures = {
    accounts: counts?.accounts,
    uptimeS: health.uptimeSeconds(),
    version: server.service.version,
    cases,
  }
  return {
    alerts: alertsView(alertsOf(inputs)),
    figures: figuresView(inputs, last, figures),
    charts: overviewCharts(samples.since(rangeMs)),
  }
}

export function alertsView(alerts: readonly Alert[]): Html {
  const bad = alerts.filter(({ state }) => state === 'bad')
  const rest = alerts.filter(({ state }) => state !== 'bad')
  const title =
    bad.length === 0 ? 'All good' : bad.length === 1 ? '1 problem' : `${bad.length} problems`
  const count = rest.filter(({ state }) => state === 'good').length
  const state = badge(`${count} of ${alerts.length} OK`, bad.length === 0 ? 'good' : 'bad')
  const rows = rest.map((one) => [
    twoLines(one.what, one.name),
    one.state === 'good' ? badge('OK', 'good') : badge('unknown', 'quiet'),
    one.value,
  ])
  return card(
    title,
    html`${bad.map(alertView)}
<details class="more"><summary>${bad.length === 0 ? 'All checks' : 'Other checks'}</summary>
${table({ label: 'Checks', head: ['Check', 'State', 'Now'], rows, empty: '' })}</details>`,
    { badge: state },
  )
}

function alertView({ what, name, value, advice, path }: Alert): Html {
  const more = path === undefined ? '' : html` <a href="${consolePath}${path}">Details</a>`
  return html`<div class="note bad" role="alert"><strong>${what}: ${value}</strong><br>${advice}${more}<br><small>${name}</small></div>`
}

function figuresView(
  { maxAwake }: AlertInputs,
  last: Sample | undefined,
  figures: {
    accounts: Record<string, number> | undefined
    uptimeS: number
    version: string
    cases: { open: number; escalated: number } | undefined
  },
): Html {
  const { accounts, uptimeS, version, cases } = figures
  if (last === undefined) return stats([stat('Uptime', duration(uptimeS), version)])
  const rest = Object.entries(accounts ?? {}).filter(([status, n]) => status !== 'active' && n > 0)
  const others = rest.map(([status, n]) => `${shortNumber(n)} ${status}`).join(', ') || 'all active'
  const rate = (n: number) => shortNumber(n / last.seconds)
  const use = stats([
    stat('Accounts', accounts === undefined ? '?' : shortNumber(accounts['active'] ?? 0), others),
    stat('Awake', shortNumber(last.awake), `of ${shortNumber(maxAwake)} in this process`),
    stat(
      'Events',
      last.events === null ? '?' : `${rate(last.events)}/s`,
      `${last.backlog} waiting`,
    ),
    casesStat(cases),
    stat('Calls', `${rate(last.calls)}/s`, `${last.failed} server errors`),
  ])
  const state = stats([
    stat(
      'Latency',
      last.p50 === null ? '–' : `${shortNumber(last.p50)} ms`,
      last.p99 === null ? 'no calls' : `p99 ${shortNumber(last.p99)} ms`,
    ),
    stat(
      'Firehose',
      last.lag === null ? '?' : seconds(last.lag),
      `lag, ${last.subscribers} subscribers`,
    ),
    stat(
      'Free disk',
      last.freeBytes === null ? '?' : sizeText(last.freeBytes),
      last.storeBytes === null ? 'store size unknown' : `store ${sizeText(last.storeBytes)}`,
    ),
    stat('Uptime', duration(uptimeS), `version ${version}`),
  ])
  return html`${use}${state}`
}

/** Cases that wait for someone. */
function casesStat(cases: { open: number; escalated: number } | undefined): Html {
  if (cases === undefined) return stat('Open cases', '?')
  const { open, escalated } = cases
  const link = html`<a href="${consolePath}/moderation">${shortNumber(open + escalated)}</a>`
  return stat('Open cases', link, escalated === 0 ? 'none escalated' : `${escalated} escalated`)
}

function duration(s: number): string {
  const [days, hours] = [Math.floor(s / 86_400), Math.floor(s / 3_600)]
  if (days > 1) return `${days} days`
  return hours > 0 ? `${hours} h` : `${Math.floor(s / 60)} min`
}
