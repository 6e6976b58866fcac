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
import { type Outcome, type Result, TestRun } from './mutate/test-run.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', multiple: true, default: defaultTargets },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
  },
})

/** Milliseconds that every test may take. A mutant that hangs costs as much. */
const SHORTEST_LIMIT = 10_000
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

interface Suite {
  tests: string[]
  /** How many mutants each test file killed. */
  kills: Map<string, number>
  /** Limits in milliseconds: of one test in a file, and of all. */
  limitOf: (path: string) => number
  all: number
}

/** Measures the tests. Throws if they fail without a mutant. */
async function suiteOf(run: TestRun, path: string, tests: string[]): Promise<Suite> {
  const unlimited = { kills: new Map(), limitOf: () => 60_000, all: 600_000 }
  if (tests.length === 0) return { tests, ...unlimited }
  run.setSource(path, undefined)
  const startedAt = Date.now()
  const { outcome, killer, message } = await run.run(tests, unlimited.limitOf, unlimited.all)
  if (outcome !== 'survived') throw new Error(`${killer} fails without a mutant: ${message}`)
  const took = Date.now() - startedAt
  const slowest = new Map(tests.map((path) => [path, run.timesOf(path).slowest]))
  return {
    tests,
    kills: new Map(),
    limitOf: (path) => 5 * slowest.get(path)! + SHORTEST_LIMIT,
    all: 3 * took + SHORTEST_LIMIT,
  }
}

async function runMutant(
  run: TestRun,
  path: string,
  source: string,
  { tests, kills, limitOf, all }: Suite,
): Promise<Result> {
  if (tests.length === 0) return { outcome: 'survived' }
  run.setSource(path, source)
  // The first failure ends the run, so those that kill the most for their time come first.
  const worth = (test: string) => ((kills.get(test) ?? 0) + 1) / (run.timesOf(test).all + 1)
  const result = await run.run(
    tests.toSorted((a, b) => worth(b) - worth(a)),
    limitOf,
    all,
  )
  const { outcome, killer } = result
  if (killer) kills.set(killer, (kills.get(killer) ?? 0) + 1)
  if (outcome === 'timeout') await run.restart()
  return result
}

async function runFile(run: TestRun, { path, mutants }: Task): Promise<MutantResult[]> {
  const text = readFileSync(absolute(path), 'utf8')
  const results = values.resume ? readResults(path, text) : new Map<string, MutantResult>()
  const open = mutants.filter((mutant) => !results.has(keyOf(mutant)))
  const tests = relatedTests(path)
  let near: Suite | undefined
  let far: Suite | undefined
  for (const [done, mutant] of open.entries()) {
    const { line, becomes, lineNumber } = mutant
    const note = (result: Result) => {
      results.set(keyOf(mutant), { ...result, line, becomes, lineNumber })
      writeResults(path, text, results)
    }
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${path} ${done + 1}/${open.length}`)
    if (isEquivalent(path, mutant)) {
      note({ outcome: 'equivalent' })
      continue
    }
    const source = apply(text, mutant)
    near ??= await suiteOf(run, path, tests.near)
    let result: Result = await runMutant(run, path, source, near)
    if (result.outcome === 'survived') {
      far ??= await suiteOf(run, path, tests.far)
      result = await runMutant(run, path, source, far)
    }
    note(result)
    if ((done + 1) % MUTANTS_PER_PROCESS === 0) await run.restart()
  }
  run.setSource(path, undefined)
  return mutants.map((mutant) => results.get(keyOf(mutant))!)
}

/** Prints the numbers and the survivors, and returns how many survived. */
function report(path: string, results: readonly MutantResult[]): number {
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length
  const survivors = results.filter(({ outcome }) => outcome === 'survived')
  print(
    `${path}: ${results.length} mutants, ${count('killed')} killed, ${count('timeout')} timed out, ` +
      `${count('equivalent')} equivalent, ${survivors.length} survived`,
  )
  for (const { lineNumber, line, becomes } of survivors) {
    print(`  ${path}:${lineNumber}\n    - ${line}\n    + ${becomes || '(removed)'}`)
  }
  return survivors.length
}

const run = new TestRun()
await run.start()
let survived = 0
for (const task of tasksOf(values.files)) {
  survived += report(task.path, await runFile(run, task))
}
await run.end()
process.exit(survived === 0 ? 0 : 1)
