/** Formats results as text: a list as a table, a single object as lines. */
import type { Check } from '#src/cli/public-checks.ts'

export function formatResult(result: unknown): string {
  if (!Array.isArray(result)) return lines(result as object).join('\n')
  if (result.length === 0) return '(none)'
  return columns(result as object[]).join('\n')
}

function lines(result: object): string[] {
  const entries = flatten(result)
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
}

/** Members of members are named with dots, as in `storage.blobs`. */
function flatten(result: object, prefix = ''): [string, unknown][] {
  return Object.entries(result).flatMap(([name, value]): [string, unknown][] => {
    if (value === undefined) return []
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? flatten(value, `${prefix}${name}.`) : [[prefix + name, value]]
  })
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
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object')
  const plain = isPlainList ? value.join(', ') : value
  const text = typeof plain === 'string' ? plain : (JSON.stringify(plain) ?? '')
  return text.replace(/\p{Cc}/gu, '�')
}

/** A line, and a second one with the advice. */
export function formatCheck({ check, ok, detail, advice }: Check): string {
  const line = `${ok ? 'ok     ' : 'PROBLEM'}  ${check}: ${detail}`
  const text = advice === undefined ? line : `${line}\n         → ${advice}`
  return text.replace(/[^\P{Cc}\n]/gu, '�')
}
