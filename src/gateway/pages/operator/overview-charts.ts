/** The charts of the overview, from the samples of this process. */
import { html, raw } from 'hono/html'
import type { Sample } from '#src/gateway/operator/samples.ts'
import { type Chart, charts } from '#src/gateway/pages/chart.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

const ranges = [
  { name: '1h', label: 'Hour', ms: 3_600_000 },
  { name: '6h', label: '6 hours', ms: 6 * 3_600_000 },
  { name: '24h', label: 'Day', ms: 24 * 3_600_000 },
] as const

export function rangeOf(name: string | undefined) {
  return ranges.find((range) => range.name === name) ?? ranges[0]
}

export function rangeLinks(current: string): Html {
  return html`<nav class="actions" aria-label="Time range">${ranges.map(
    ({ name, label }) =>
      html`<a class="button quiet" href="${consolePath}?range=${name}"${name === current ? raw(' aria-current="true"') : ''}>${label}</a>`,
  )}</nav>`
}

const GB = 1e9

export function overviewCharts(samples: readonly Sample[]): Html {
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
    { title: 'Events', unit: '/s', lines: [rate('new on the firehose', ({ events }) => events)] },
    {
      ...{ title: 'Calls', unit: '/s' },
      lines: [rate('all', ({ calls }) => calls), rate('failed', ({ failed }) => failed)],
    },
    {
      ...{ title: 'Call latency', unit: 'ms' },
      lines: [line('p50', ({ p50 }) => p50), line('p99', ({ p99 }) => p99)],
    },
    {
      title: 'Accounts awake',
      lines: [line('awake', ({ awake }) => awake)],
    },
    { title: 'Active accounts', lines: [line('accounts', ({ accounts }) => accounts)] },
    {
      ...{ title: 'Firehose lag', unit: 's' },
      lines: [
        line('this gateway', ({ lag }) => lag),
        line('slowest subscriber', ({ slowest }) => slowest),
      ],
    },
    {
      ...{ title: 'Storage', unit: 'GB' },
      lines: [
        line('store', ({ storeBytes }) => inGb(storeBytes)),
        line('free', ({ freeBytes }) => inGb(freeBytes)),
      ],
    },
    {
      ...{ title: 'Webhook deliveries', unit: '/s' },
      lines: [
        rate('delivered', ({ delivered }) => delivered),
        rate('failed', ({ notDelivered }) => notDelivered),
      ],
    },
  ]
  return charts(all.map((one) => ({ ...one, times })))
}
