/** Formats results as text: a list as a table, a single object as lines. */

export function formatResult(result: unknown): string {
  if (!Array.isArray(result)) return lines(result as object).join('\n')
  if (result.length === 0) return '(none)'
  return columns(result as object[]).join('\n')
}

function lines(result: object): string[] {
  const entries = Object.entries(result).filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
}

function columns(rows: readonly object[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const table = [names, ...rows.map((row) => names.map((name) => cell(member(row, name))))]
  const widths = names.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)))
  return table.map((cells) =>
    cells
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  )
}

function member(row: object, name: string): unknown {
  return (row as Record<string, unknown>)[name]
}

// Control characters are replaced: values come from users and must not control the terminal.
function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replace(/\p{Cc}/gu, '�')
}
