/** The table of what was acknowledged before the cuts, and what was missing after them. */
import type { Count, Judgement } from '#tests/fault/power-cut-device/judge.ts'

export interface Row {
  mode: string
  isSynced: boolean
  judgements: Judgement[]
}

const names = ['records', 'accounts', 'frames', 'commits', 'blobs'] as const

export function lostIn(judgement: Judgement): number {
  return names.reduce((sum, name) => sum + judgement[name].lost, 0)
}

/** As Markdown: in each cell how many are missing, of how many that were acknowledged before any of the cuts. */
export function table(rows: readonly Row[]): string {
  const header = ['mode', 'cuts', ...names.map((name) => `${name} lost`)]
  const body = rows.map(({ mode, judgements }) => [
    mode,
    String(judgements.length),
    ...names.map((name) => cell(judgements.map((one) => one[name]))),
  ])
  const lines = [header, header.map(() => '---'), ...body]
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function cell(counts: readonly Count[]): string {
  const sum = (of: (count: Count) => number) => counts.reduce((total, one) => total + of(one), 0)
  return `${sum(({ lost }) => lost)} of ${sum(({ all }) => all).toLocaleString('en')}`
}
