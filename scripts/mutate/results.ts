/** What is known about each mutant: results of runs in `.bench/mutants`, and the list of equivalent ones. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Mutant } from './mutants.ts'
import { type Result, root } from './test-run.ts'

export interface MutantResult extends Result {
  line: string
  becomes: string
  lineNumber: number
}

/** Mutants of a line that no test can kill, because they do the same. */
interface Equivalent {
  file: string
  line: string
  becomes: string | string[]
  reason: string
}

const equivalents = JSON.parse(
  readFileSync(join(root, 'scripts/equivalent-mutants.json'), 'utf8'),
) as Equivalent[]

export function isEquivalent(path: string, { line, becomes }: Pick<Mutant, 'line' | 'becomes'>) {
  return equivalents.some(
    (other) =>
      other.file === path && other.line === line && [other.becomes].flat().includes(becomes),
  )
}

interface Stored {
  text: string
  results: Record<string, MutantResult>
}

function resultFile(path: string): string {
  return join(root, '.bench/mutants', `${path}.json`)
}

/** The results of the file's text as it is now, keyed by `keyOf`; survivors are left out, as tests may have come since. */
export function readResults(path: string, text: string): Map<string, MutantResult> {
  const file = resultFile(path)
  if (!existsSync(file)) return new Map()
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored
  const results = Object.entries(stored.text === text ? stored.results : {})
  return new Map(results.filter(([, { outcome }]) => outcome !== 'survived'))
}

export function writeResults(path: string, text: string, results: Map<string, MutantResult>): void {
  mkdirSync(dirname(resultFile(path)), { recursive: true })
  const content = { text, results: Object.fromEntries(results) }
  writeFileSync(resultFile(path), JSON.stringify(content, null, 1))
}

export function keyOf({ start, end, replacement }: Mutant): string {
  return `${start}-${end} ${replacement}`
}
