/**
 * Line charts, drawn by the server as SVG: they need no script, and a live page replaces them whole. The island `chart` draws
 * them again, so that each point can be read. A table has the same figures, for screen readers among others.
 */
import { html, raw } from 'hono/html'
import { serverTexts } from '#src/gateway/pages/operator/server/texts.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'
import { shortNumberText } from '#src/gateway/pages/unit-text.ts'

export interface ChartLine {
  label: string
  /** One for each time; null where it is not known. */
  values: readonly (number | null)[]
}

export interface Chart {
  title: string
  /** Such as `ms`; after a space. */
  unit?: string
  /** Ascending, in ms. */
  times: readonly number[]
  /** At most three. */
  lines: readonly ChartLine[]
}

const WIDTH = 600
const HEIGHT = 140
const MAX_POINTS = 200
const TABLE_ROWS = 12

export function chart(context: Pick<RenderContext, 'messages'>, input: Chart): Html {
  const { text: say, language } = serverTexts(context)
  const { title, unit = '', lines } = input
  const format = (n: number) => shortNumberText(language, n)
  const { times, values } = thinned(input)
  const known = values.flat().filter((value) => value !== null)
  const newest = lines.map(({ label }, i) => {
    const value = values[i]!.findLast((one) => one !== null)
    const text = value == null ? say('notKnown') : `${format(value)} ${unit}`.trim()
    return html`<span class="line-${i}"><i></i>${label} <b>${text}</b></span>`
  })
  const head = html`<figcaption><strong>${title}</strong><span class="legend">${newest}</span></figcaption>`
  if (times.length < 2 || known.length === 0) {
    return html`<figure class="chart">${head}<p class="muted">${say('fewSamples')}</p></figure>`
  }
  const top = niceTop(Math.max(...known))
  const [from, to] = [times[0]!, times.at(-1)!]
  const x = (at: number) => ((at - from) / (to - from)) * WIDTH
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT
  const paths = values.map(
    (line, i) => `<path class="line-${i}" d="${pathOf(times, line, x, y)}"/>`,
  )
  return html`<figure class="chart" data-chart="${pointsOf(times, values, unit)}">${head}
<div class="plot" aria-hidden="true"><small>${`${format(top)} ${unit}`.trim()}</small>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${raw(
    `<path class="grid" d="M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}"/>${paths.join('')}`,
  )}</svg>
<div class="axis"><small>${clock(from)}</small><small>${clock(to)} UTC</small></div></div>
${figures(input, times, values, format, say('figures'))}</figure>`
}

/** For the island: seconds since the first point, and values. */
function pointsOf(
  times: readonly number[],
  values: readonly (readonly (number | null)[])[],
  unit: string,
): string {
  const [from] = times as [number]
  return JSON.stringify({
    ...{ unit, from: from / 1000, times: times.map((at) => Math.round((at - from) / 1000)) },
    lines: values.map((line) => line.map((value) => value && Number(value.toPrecision(4)))),
  })
}

export function charts(context: Pick<RenderContext, 'messages'>, all: readonly Chart[]): Html {
  return html`<div class="charts">${all.map((one) => chart(context, one))}</div>`
}

function figures(
  { title, lines, unit = '' }: Chart,
  times: readonly number[],
  values: readonly (readonly (number | null)[])[],
  format: (value: number) => string,
  label: string,
): Html {
  const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS))
  const rows = times
    .map((at, i) => ({ at, i }))
    .filter(({ i }) => (times.length - 1 - i) % step === 0)
  return html`<details class="more"><summary>${label}</summary><table><caption class="hidden">${title}</caption>
<thead><tr><th scope="col">UTC</th>${lines.map(({ label }) => html`<th scope="col">${label} ${unit}</th>`)}</tr></thead>
<tbody>${rows.map(({ at, i }) => html`<tr><td>${clock(at)}</td>${values.map((line) => html`<td>${line[i] == null ? '–' : format(line[i])}</td>`)}</tr>`)}</tbody></table></details>`
}

/** The average of each group of neighbours, so that a day is no longer than an hour. */
function thinned({ times, lines }: Chart) {
  const size = Math.max(1, Math.ceil(times.length / MAX_POINTS))
  const starts = times.map((_, i) => i).filter((i) => i % size === 0)
  return {
    times: starts.map((i) => times[Math.min(i + size, times.length) - 1]!),
    values: lines.map(({ values }) =>
      starts.map((i) => {
        const known = values.slice(i, i + size).filter((value) => value !== null)
        return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
      }),
    ),
  }
}

/** A line is broken where a value is not known. */
function pathOf(
  times: readonly number[],
  line: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let isDown = false
  return line
    .map((value, i) => {
      const command = isDown ? 'L' : 'M'
      const isAlone = !isDown && line[i + 1] == null
      isDown = value !== null
      if (value === null) return ''
      // A line of no length is a dot.
      return `${command}${x(times[i]!).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? 'h0' : ''}`
    })
    .join('')
}

/** The next of 1, 2, 5, 10, 20, 50, … */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value)!
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16)
}
