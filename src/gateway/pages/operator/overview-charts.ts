/** The charts of the overview, from the samples of this process. */
import { html, raw } from 'hono/html'
import type { Sample } from '#src/gateway/operator/samples.ts'
import { type Chart, charts } from '#src/gateway/pages/chart.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import { type ServerText, serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

const ranges = [
  { name: '1h', label: 'hour', ms: 3_600_000 },
  { name: '6h', label: 'sixHours', ms: 6 * 3_600_000 },
  { name: '24h', label: 'day', ms: 24 * 3_600_000 },
] as const

export function rangeOf(name: string | undefined) {
  return ranges.find((range) => range.name === name) ?? ranges[0]
}

export function rangeLinks(text: ServerText, current: string): Html {
  return html`<nav class="actions" aria-label="${text('timeRange')}">${ranges.map(
    ({ name, label }) =>
      html`<a class="button quiet" href="${consolePath}?range=${name}"${name === current ? raw(' aria-current="true"') : ''}>${text(label)}</a>`,
  )}</nav>`
}

const GB = 1e9

export function overviewCharts(context: RenderContext, samples: readonly Sample[]): Html {
  const { text } = serverTexts(context)
  const times = samples.map(({ at }) => at)
  const line = (label: string, of: (sample: Sample) => number | null) => ({
    ...{ label, values: samples.map(of) },
  })
  const rate = (label: string, of: (sample: Sample) => number | null) =>
    line(label, (sample) => {
      const n = of(sample)
      return n === null ? null : n / sample.seconds
    })
  const inGb = (n: number | null) => (n === null ? null : n / GB)
  const all: Omit<Chart, 'times'>[] = [
    {
      title: text('events'),
      unit: '/s',
      lines: [rate(text('newOnFirehose'), ({ events }) => events)],
    },
    {
      ...{ title: text('calls'), unit: '/s' },
      lines: [
        rate(text('allCalls'), ({ calls }) => calls),
        rate(text('failed'), ({ failed }) => failed),
      ],
    },
    {
      ...{ title: text('callLatency'), unit: 'ms' },
      lines: [line('p50', ({ p50 }) => p50), line('p99', ({ p99 }) => p99)],
    },
    {
      title: text('accountsAwake'),
      lines: [line(text('awake'), ({ awake }) => awake)],
    },
    { title: text('activeAccounts'), lines: [line(text('accounts'), ({ accounts }) => accounts)] },
    {
      ...{ title: text('firehoseLag'), unit: 's' },
      lines: [
        line(text('thisGateway'), ({ lag }) => lag),
        line(text('slowestSubscriber'), ({ slowest }) => slowest),
      ],
    },
    {
      ...{ title: text('storage'), unit: 'GB' },
      lines: [
        line(text('store'), ({ storeBytes }) => inGb(storeBytes)),
        line(text('free'), ({ freeBytes }) => inGb(freeBytes)),
      ],
    },
    {
      ...{ title: text('webhookDeliveries'), unit: '/s' },
      lines: [
        rate(text('delivered'), ({ delivered }) => delivered),
        rate(text('failed'), ({ notDelivered }) => notDelivered),
      ],
    },
  ]
  return charts(
    context,
    all.map((one) => ({ ...one, times })),
  )
}
