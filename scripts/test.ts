/** `npm test`: runs all tests, and repeats failed files of the suites with real processes once. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** More failed files than this are not due to a busy machine, and are not repeated. */
const MAX_FILES = 4
/** Only tests with real processes can miss a deadline; a failed unit or property test is a failure. */
const withProcesses = /^tests\/(integration|e2e|fault)\//

/** Written by the reporter in `vitest.config.ts`: failed files, and the number of errors outside of tests. */
interface Outcome {
  failed: string[]
  unhandled: number
}

/** Runs vitest; resolves with its exit code. The reporter writes an `Outcome` to `outcome`. */
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

/** Runs all tests and returns the failed files; none if there were also errors outside of tests. */
async function runAll(): Promise<{ code: number; failed: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-tests-'))
  try {
    const path = join(folder, 'outcome.json')
    const code = await run(process.argv.slice(2), path)
    if (code === 0) return { code, failed: [] }
    const { failed, unhandled } = JSON.parse(readFileSync(path, 'utf8')) as Outcome
    return {
      code,
      failed: unhandled > 0 ? [] : failed.map((file) => relative(process.cwd(), file)),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const { code, failed } = await runAll()
const canRepeat =
  failed.length > 0 &&
  failed.length <= MAX_FILES &&
  failed.every((file) => withProcesses.test(file))
if (!canRepeat) process.exit(code)
const names = failed.join(' ')
process.stdout.write(`\nRepeating failed files: ${names}\n`)
const repeatCode = await run(failed)
if (repeatCode === 0) process.stdout.write(`\nFLAKY (failed once, then passed): ${names}\n`)
process.exit(repeatCode)
