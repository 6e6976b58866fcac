/** `npm test`: every test; a file with real processes that failed is run once more, from its first line, on a server of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** What fails in more files than this is no busy machine's doing. */
const MAX_FILES = 4
/** Only real processes may miss a deadline: what a property or a rule broke once is broken. */
const withProcesses = /^tests\/(integration|e2e|fault)\//

/** What `vitest.config.ts` tells of a run: paths of files, and how many errors belong to none. */
interface Outcome {
  failed: string[]
  unhandled: number
}

/** Runs vitest; resolves with its exit code. `outcome` is where it tells more. */
async function run(args: string[], outcome?: string): Promise<number> {
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
  const env = { ...process.env, ...(outcome && { TEST_OUTCOME: outcome }) }
  const child = spawn(process.execPath, [vitest, 'run', ...args], { stdio: 'inherit', env })
  const stop = (signal: NodeJS.Signals) => child.kill(signal)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      if (signal !== null) process.exit(1)
      resolve(code ?? 1)
    })
  })
}

/** Runs all, and gives the files that failed; none where that does not say everything. */
async function runAll(): Promise<{ code: number; failed: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-tests-'))
  try {
    const path = join(folder, 'outcome.json')
    const code = await run(process.argv.slice(2), path)
    if (code === 0) return { code, failed: [] }
    const { failed, unhandled } = JSON.parse(readFileSync(path, 'utf8')) as Outcome
    return { code, failed: unhandled > 0 ? [] : failed.map((it) => relative(process.cwd(), it)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const { code, failed } = await runAll()
const mayRunAgain =
  failed.length > 0 &&
  failed.length <= MAX_FILES &&
  failed.every((file) => withProcesses.test(file))
if (!mayRunAgain) process.exit(code)
const names = failed.join(' ')
process.stdout.write(`\nOnce more, for they failed: ${names}\n`)
const again = await run(failed)
if (again === 0) process.stdout.write(`\nFAILED ONCE, and passed then: ${names}\n`)
process.exit(again)
