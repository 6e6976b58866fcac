/** The first page of the console: current alerts, the figures of the server, and their charts. */
import { html } from 'hono/html'
import { type Alert, alertsOf } from '#src/gateway/operator/alerts/alerts.ts'
import type { AlertInputs } from '#src/gateway/operator/alerts/rule.ts'
import type { Sample } from '#src/gateway/operator/samples.ts'
import { badge, card, stat, stats, table, withElement } from '#src/gateway/pages/blocks.ts'
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { alertInputsOf } from '#src/gateway/pages/operator/alert-inputs.ts'
import { alertWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes } from '#src/gateway/pages/operator/console-routes.ts'
import { liveCells, type liveRoute } from '#src/gateway/pages/operator/live.ts'
import { overviewCharts, rangeLinks, rangeOf } from '#src/gateway/pages/operator/overview-charts.ts'
import { type ServerText, serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import { twoLines } from '#src/gateway/pages/operator/two-lines.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { shortNumberText, unitText } from '#src/gateway/pages/unit-text.ts'
import { word } from '#src/gateway/pages/words/words.ts'

export function overviewPages(
  ports: ConsolePorts,
  { get }: ConsoleRoutes,
  live: ReturnType<typeof liveRoute>,
): void {
  get('', async (call, note) => {
    const { text } = serverTexts(call.session)
    const metrics = html`<a href="/metrics">/metrics</a>`
    const range = rangeOf(call.c.req.query('range'))
    const cells = await overviewCells(ports, call.session, range.ms)
    return call.render({
      ...{ title: call.text('overview'), wide: true, note, islands: ['live', 'chart'] },
      actions: rangeLinks(text, range.name),
      body: html`<div data-live="${consolePath}/live?range=${range.name}">${liveCells(cells)}</div>
<p class="muted">${withElement(text('chartsHelp', { link: '\n' }), metrics)}</p>`,
    })
  })
  live('/live', ({ c, session }) => overviewCells(ports, session, rangeOf(c.req.query('range')).ms))
}

/** By the name under which the page replaces them. */
export async function overviewCells(
  ports: ConsolePorts,
  context: RenderContext,
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
    alerts: alertsView(serverTexts(context).text, alertsOf(inputs, alertWords(context))),
    figures: figuresView(context, inputs, last, figures),
    charts: overviewCharts(context, samples.since(rangeMs)),
  }
}

export function alertsView(text: ServerText, alerts: readonly Alert[]): Html {
  const bad = alerts.filter(({ state }) => state === 'bad')
  const rest = alerts.filter(({ state }) => state !== 'bad')
  const title = bad.length === 0 ? text('allGood') : text('nProblems', { n: bad.length })
  const count = rest.filter(({ state }) => state === 'good').length
  const unknown = rest.length - count
  const counts = [
    text('nOk', { n: count }),
    ...(unknown > 0 ? [text('nUnknown', { n: unknown })] : []),
  ]
  const state = badge(counts.join(' · '), bad.length === 0 ? 'good' : 'bad')
  const rows = rest.map((one) => [
    twoLines(one.what, one.name),
    one.state === 'good' ? badge(text('ok'), 'good') : badge(text('unknown'), 'quiet'),
    one.value,
  ])
  return card(
    title,
    html`${bad.map((one) => alertView(text, one))}
<details class="more"><summary>${text(bad.length === 0 ? 'allChecks' : 'otherChecks')}</summary>
${table({ label: text('checks'), head: [text('check'), text('state'), text('now')], rows, empty: '' })}</details>`,
    { badge: state },
  )
}

function alertView(text: ServerText, { what, name, value, advice, path }: Alert): Html {
  const more =
    path === undefined ? '' : html` <a href="${consolePath}${path}">${text('details')}</a>`
  return html`<div class="note bad" role="alert"><strong>${what}: ${value}</strong><br>${advice}${more}<br><small>${name}</small></div>`
}

function figuresView(
  context: RenderContext,
  { maxAwake }: AlertInputs,
  last: Sample | undefined,
  figures: {
    accounts: Record<string, number> | undefined
    uptimeS: number
    version: string
    cases: { open: number; escalated: number } | undefined
  },
): Html {
  const { text, language } = serverTexts(context)
  const short = (n: number) => shortNumberText(language, n)
  const ms = (n: number) => `${short(n)} ms`
  const { accounts, uptimeS, version, cases } = figures
  const uptime = stat(text('uptime'), duration(language, uptimeS), text('version', { version }))
  if (last === undefined) return stats([uptime])
  const inactive = Object.entries(accounts ?? {}).filter(
    ([status, n]) => status !== 'active' && n > 0,
  )
  const others = inactive.map(([status, n]) => `${short(n)} ${word(context, 'status', status)}`)
  const rest = others.join(', ') || text('allActive')
  const rate = (n: number) => short(n / last.seconds)
  const use = stats([
    stat(text('accounts'), accounts === undefined ? '?' : short(accounts['active'] ?? 0), rest),
    stat(text('awake'), short(last.awake), text('ofInProcess', { n: short(maxAwake) })),
    stat(
      text('events'),
      last.events === null ? '?' : `${rate(last.events)}/s`,
      text('nWaiting', { n: last.backlog }),
    ),
    casesStat(text, short, cases),
    stat(text('calls'), `${rate(last.calls)}/s`, text('nServerErrors', { n: last.failed })),
  ])
  const state = stats([
    stat(
      text('latency'),
      last.p50 === null ? '–' : ms(last.p50),
      last.p99 === null ? text('noCalls') : `p99 ${ms(last.p99)}`,
    ),
    stat(
      text('firehose'),
      last.lag === null ? '?' : unitText(language, last.lag, 'second'),
      text('lagOfSubscribers', { n: last.subscribers }),
    ),
    stat(
      text('freeDisk'),
      last.freeBytes === null ? '?' : byteText(language, last.freeBytes),
      last.storeBytes === null
        ? text('storeUnknown')
        : text('storeOf', { size: byteText(language, last.storeBytes) }),
    ),
    uptime,
  ])
  return html`${use}${state}`
}

/** Cases that wait for someone. */
function casesStat(
  text: ServerText,
  short: (n: number) => string,
  cases: { open: number; escalated: number } | undefined,
): Html {
  if (cases === undefined) return stat(text('openCases'), '?')
  const { open, escalated } = cases
  const link = html`<a href="${consolePath}/moderation">${short(open + escalated)}</a>`
  const hint = escalated === 0 ? text('noneEscalated') : text('nEscalated', { n: escalated })
  return stat(text('openCases'), link, hint)
}

function duration(language: string, s: number): string {
  const [days, hours] = [Math.floor(s / 86_400), Math.floor(s / 3_600)]
  if (days > 1) return unitText(language, days, 'day', 'long')
  if (hours > 0) return unitText(language, hours, 'hour')
  return unitText(language, Math.floor(s / 60), 'minute')
}
