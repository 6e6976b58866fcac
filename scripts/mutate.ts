/**
 * `npm run mutate`: changes one token of the source at a time, and shows which changes no test notices (tests/README.md).
 * Exits with 1 if a mutant survives that is not in `equivalent-mutants.json`.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { apply, type Mutant, mutantsOf } from './mutate/mutants.ts'
import { relatedTests } from './mutate/related-tests.ts'
import {
  isEquivalent,
  keyOf,
  type MutantResult,
  readResults,
  writeResults,
} from './mutate/results.ts'
import { absolute, defaultTargets, filesOf } from './mutate/targets.ts'
import { TestRun } from './mutate/test-run.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', multiple: true, default: defaultTargets },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
  },
})

/** Milliseconds. A mutant that hangs costs one `timeLimit`. */
const SHORTEST_LIMIT = 3000
/** What a mutant leaves behind in the process must not build up. */
const MUTANTS_PER_PROCESS = 200

interface Task {
  path: string
  mutants: Mutant[]
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function tasksOf(globs: readonly string[]): Task[] {
  const all = filesOf(globs).flatMap((path) =>
    mutantsOf(readFileSync(absolute(path), 'utf8')).map((mutant) => ({ path, mutant })),
  )
  const random = randoms(Number(values.seed))
  const size = Number(values.sample ?? all.length)
  const chosen = values.sample
    ? new Set(
        all
          .map((one) => ({ one, at: random.next().value }))
          .sort((a, b) => a.at - b.at)
          .slice(0, size)
          .map(({ one }) => one),
      )
    : new Set(all)
  const byFile = Map.groupBy(
    all.filter((one) => chosen.has(one)),
    ({ path }) => path,
  )
  return [...byFile].map(([path, ones]) => ({ path, mutants: ones.map(({ mutant }) => mutant) }))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The limits of one test and of all, in milliseconds, and the related tests; those must pass without a mutant. */
async function baseline(run: TestRun, path: string) {
  const tests = relatedTests(path)
  if (tests.length === 0) return { tests, one: 0, all: 0 }
  const startedAt = Date.now()
  run.setSource(path, undefined)
  const { outcome, killer, message, slowest = 0 } = await run.run(tests, 60_000, 600_000)
  if (outcome !== 'survived') throw new Error(`${killer} fails without a mutant: ${message}`)
  const took = Date.now() - startedAt
  return { tests, one: 5 * slowest + SHORTEST_LIMIT, all: 3 * took + 4 * SHORTEST_LIMIT }
}

async function runFile(run: TestRun, { path, mutants }: Task): Promise<MutantResult[]> {
  const text = readFileSync(absolute(path), 'utf8')
  const results = values.resume ? readResults(path, text) : new Map<string, MutantResult>()
  const open = mutants.filter((mutant) => !results.has(keyOf(mutant)))
  const { tests, one, all } =
    open.length === 0 ? { tests: [], one: 0, all: 0 } : await baseline(run, path)
  for (const [done, mutant] of open.entries()) {
    run.setSource(path, apply(text, mutant))
    const result = await run.run(tests, one, all)
    if (result.outcome === 'timeout' || (done + 1) % MUTANTS_PER_PROCESS === 0) await run.restart()
    const killer = result.killer ?? tests[0] ?? ''
    // What killed the last mutant probably kills the next.
    if (tests.includes(killer)) tests.unshift(...tests.splice(tests.indexOf(killer), 1))
    const { line, becomes, lineNumber } = mutant
    results.set(keyOf(mutant), { ...result, line, becomes, lineNumber })
    writeResults(path, text, results)
    const progress = `${path} ${done + 1}/${open.length}`
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${progress}`)
  }
  run.setSource(path, undefined)
  return mutants.map((mutant) => results.get(keyOf(mutant))!)
}

const run = new TestRun()
await run.start()
let unexplained = 0
for (const task of tasksOf(values.files)) {
  const results = await runFile(run, task)
  const survivors = results.filter(({ outcome }) => outcome === 'survived')
  const open = survivors.filter((mutant) => !isEquivalent(task.path, mutant))
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length
  const equivalent = survivors.length - open.length
  print(
    `${task.path}: ${results.length} mutants, ${count('killed')} killed, ${count('timeout')} timed out, ` +
      `${equivalent} equivalent, ${open.length} survived`,
  )
  for (const { lineNumber, line, becomes } of open) {
    print(`  ${task.path}:${lineNumber}\n    - ${line}\n    + ${becomes || '(removed)'}`)
  }
  unexplained += open.length
}
await run.end()
process.exit(unexplained === 0 ? 0 : 1)
