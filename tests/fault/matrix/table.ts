/** The matrix as Markdown. */
import type { Rest } from '#tests/fault/matrix/rest.ts'
import type { Verdict } from '#tests/fault/matrix/verdict.ts'

export interface Cell {
  row: string
  column: string
  verdict: Verdict
}

export function isBad({ lost, twice, unheard, wrong }: Verdict): boolean {
  return lost + twice + unheard + wrong.length > 0
}

const header = [
  'event',
  'store',
  'acknowledged',
  'refused',
  'cut off',
  'lost',
  'twice',
  'unheard',
  'longest request',
]

export function faultTable(cells: readonly Cell[]): string {
  const body = cells.map(({ row, column, verdict }) => [row, column, ...values(verdict)])
  return table([header, ...body])
}

function values(verdict: Verdict): string[] {
  const { acknowledged, refused, unanswered, lost, twice, unheard, longestRequestMs } = verdict
  const counts = [acknowledged, refused, unanswered, lost, twice, unheard]
  return [...counts.map((count) => count.toLocaleString('en')), seconds(longestRequestMs)]
}

export function restTable(rests: ReadonlyMap<string, Rest>): string {
  const body = [...rests].map(([column, { spread, asleepAfterMs, stillAwake }]) => [
    column,
    spread.join(' and '),
    asleepAfterMs === undefined ? `${stillAwake} still awake` : seconds(asleepAfterMs),
  ])
  return table([['store', 'awake in each process, at most', 'all asleep after'], ...body])
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function table([head = [], ...body]: string[][]): string {
  const lines = [head, head.map(() => '---'), ...body]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}
