/** `headwater takeover` on a place: run to its end as an operator does, or killed when it comes to a step. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '#tests/support/sources.ts'
import type { Place } from './place.ts'

export interface Outcome {
  code: number | null
  out: string
  err: string
  ms: number
  /** Of all its processes together, in MB, at their highest; 0 where there is no /proc. */
  peakMb: number
}

/** With `--json`. */
export async function takeover(place: Place, ...flags: string[]): Promise<Outcome> {
  const startedAt = performance.now()
  const command = [join(root, 'bin/headwater.js'), 'takeover', place.source, ...flags, '--json']
  const child = start(place, command)
  const output = { out: '', err: '' }
  child.stdout.on('data', (text) => {
    output.out += text
  })
  child.stderr.on('data', (text) => {
    output.err += text
  })
  let peakMb = 0
  const sample = () => {
    peakMb = Math.max(peakMb, memoryOf(place, child.pid!))
  }
  const sampler = setInterval(sample, 500)
  await once(child, 'close')
  clearInterval(sampler)
  return { code: child.exitCode, ...output, ms: performance.now() - startedAt, peakMb }
}

/** Kills the process at once when it reports this; true if it did, false if it came to its end before. */
export async function killedAt(
  place: Place,
  flags: readonly string[],
  step: string,
  done?: number,
): Promise<boolean> {
  const { code } = await changedAt(place, flags, {
    step,
    done,
    change: (child) => child.kill('SIGKILL'),
  })
  return code === null
}

/** Calls `change` when the process reports the step, with so many accounts done. */
export async function changedAt(
  place: Place,
  flags: readonly string[],
  {
    step,
    done,
    change,
  }: { step: string; done?: number | undefined; change(child: ChildProcess): void },
): Promise<{ code: number | null; err: string }> {
  const main = [join(root, 'src/main.ts'), 'takeover', place.source, ...flags]
  const child = start(place, main)
  const reported = `progress {"step":"${step}"${done === undefined ? '' : `,"done":${done},`}`
  let [out, err] = ['', '']
  let isChanged = false
  child.stdout.on('data', (text) => {
    out += text
    if (isChanged || !out.includes(reported)) return
    isChanged = true
    change(child)
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  await once(child, 'close')
  return { code: child.exitCode, err }
}

/** In a process group of its own. */
function start(place: Place, args: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, args, {
    ...{ cwd: place.source, env: { PATH, HOME, ...place.env }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const out of [child.stdout, child.stderr]) out.setEncoding('utf8')
  const end = () => process.kill(-child.pid!, 'SIGKILL')
  process.once('exit', end)
  child.once('close', () => process.off('exit', end))
  return child
}

/** The resident memory of a process group and the engine, which has a group of its own. */
function memoryOf({ target }: Place, group: number): number {
  let pages = 0
  try {
    const engine = readIfExists(join(target, 'engine/engine.pid')).trim()
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const [, , processGroup] = readIfExists(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ')
      if (Number(processGroup) !== group && pid !== engine) continue
      pages += Number(readIfExists(`/proc/${pid}/statm`).split(' ')[1] ?? 0)
    }
  } catch {
    // There is no /proc.
  }
  return Math.round((pages * 4096) / 1024 / 1024)
}

function readIfExists(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
