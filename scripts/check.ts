/** `npm run check`: format, lint, types, dead code and the quick tests, side by side; what each printed is told at its end. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const checks = ['biome check', 'tsc -p .', 'knip', 'vitest run --project unit --silent=passed-only']

/** Runs one; resolves with whether it found nothing. */
async function run(check: string): Promise<boolean> {
  const child = spawn(check, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const isFine = (await code) === 0
  const summary = out.trimEnd().split('\n').slice(-6).join('\n')
  process.stdout.write(
    `${isFine ? 'fine' : 'FAILED'}: ${check}\n${isFine ? summary : out + err}\n\n`,
  )
  return isFine
}

const outcomes = await Promise.all(checks.map(run))
process.exit(outcomes.every(Boolean) ? 0 : 1)
