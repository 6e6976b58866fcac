/** All rounds as one table: the median of each measurement, and its ratio to that of the first server. */
import { type Measurement, quantiles } from './measure.ts'

/** Measurements by name and server, one per round. */
export type Results = Map<string, Map<string, Measurement[]>>

export function addMeasurements(
  results: Results,
  server: string,
  figures: readonly Measurement[],
): void {
  for (const figure of figures) {
    const servers = results.get(figure.name) ?? new Map<string, Measurement[]>()
    servers.set(server, [...(servers.get(server) ?? []), figure])
    results.set(figure.name, servers)
  }
}

/** A Markdown table; a ratio above 1 is better than the first server. */
export function table(results: Results, [base = '', ...others]: string[]): string {
  const heads = ['measurement', base, ...others.flatMap((name) => [name, 'ratio'])]
  const rows = [...results].map(([what, servers]) => {
    const first = servers.get(base) ?? []
    const cells = others.flatMap((name) => {
      const figures = servers.get(name) ?? []
      return [cell(figures), ratio(first, figures)]
    })
    return [what, cell(first), ...cells]
  })
  const lines = [heads, heads.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

function cell(figures: readonly Measurement[]): string {
  const [first] = figures
  if (!first) return '–'
  const errors = figures.flatMap((figure) => figure.errors ?? [])
  const p50 = median(figures.map((figure) => figure.p50 ?? Number.NaN))
  const time =
    first.unit === 'ms' ? tail(figures) : Number.isNaN(p50) ? '' : ` (p50 ${short(p50)} ms)`
  const wrong = errors.length > 0 ? ` **${errors.length} errors, ${errors[0]}**` : ''
  return `${`${short(value(figures))} ${first.unit}`.trim()}${time}${wrong}`
}

/** The 99th percentile of a time, whose value is the median. */
function tail(figures: readonly Measurement[]): string {
  const p99 = median(figures.map((figure) => figure.p99 ?? Number.NaN))
  return Number.isNaN(p99) ? '' : ` (p99 ${short(p99)} ms)`
}

function ratio(base: readonly Measurement[], figures: readonly Measurement[]): string {
  const [before, after] = [value(base), value(figures)]
  const better = base[0]?.better === 'more' ? after / before : before / after
  return Number.isFinite(better) && better > 0 ? `**${better.toFixed(2)}x**` : '–'
}

function value(figures: readonly Measurement[]): number {
  return median(figures.map((figure) => figure.value))
}

function median(values: readonly number[]): number {
  return quantiles(values.filter((one) => !Number.isNaN(one))).p50
}

function short(number: number): string {
  if (Math.abs(number) >= 1000) return Math.round(number).toLocaleString('en-US')
  return Number.isInteger(number) ? String(number) : number.toPrecision(3)
}
