/** Runs the command line in a process of its own, as an operator does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { root } from '#tests/support/sources.ts'

export interface Outcome {
  code: number | null
  out: string
  err: string
  /** The parsed output of `--json`. */
  json: <T>() => T
}

/**
 * Runs `headwater` with these arguments; it knows a server only from `env`. `input` is its standard input, or the signal
 * that it gets when it has printed something.
 */
export async function headwater(
  args: readonly string[],
  env: Record<string, string> = {},
  input: string | { killAfterLine: NodeJS.Signals } = '',
): Promise<Outcome> {
  const child = start(args, env)
  child.stdin.on('error', () => {}).end(typeof input === 'string' ? input : '')
  if (typeof input === 'object') child.stdout.once('data', () => child.kill(input.killAfterLine))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { code: child.exitCode, out, err, json: <T>() => JSON.parse(out) as T }
}

/** Runs a command that does not end by itself; `interrupt` ends it as Ctrl-C does. It ends with its test, too. */
export function startHeadwater(args: readonly string[], env: Record<string, string>) {
  const child = start(args, env)
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return {
    out: () => out,
    async interrupt() {
      const exit = once(child, 'close')
      child.kill('SIGINT')
      await exit
      return { code: child.exitCode, err }
    },
  }
}

function start(args: readonly string[], env: Record<string, string>) {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(PDS|HEADWATER|RIVET)_/.test(name),
  )
  return spawn(process.execPath, [join(root, 'bin/headwater.js'), ...args], {
    env: { ...Object.fromEntries(others), PDS_DATA_DIRECTORY: '/nowhere', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  })
}
