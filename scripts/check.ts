/** `npm run check`: format, lint, types, dead code and unit tests in parallel; prints the output of each when it ends. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const checks = ['biome check', 'tsc -p .', 'knip', 'vitest run --project unit --silent=passed-only']

async function run(check: string): Promise<boolean> {
  const child = spawn(check, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const hasPassed = (await code) === 0
  const summary = out.trimEnd().split('\n').slice(-6).join('\n')
  process.stdout.write(
    `${hasPassed ? 'passed' : 'FAILED'}: ${check}\n${hasPassed ? summary : out + err}\n\n`,
  )
  return hasPassed
}

const outcomes = await Promise.all(checks.map(run))
process.exit(outcomes.every(Boolean) ? 0 : 1)
