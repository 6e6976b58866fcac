/** The engine's log, `engine.log` in its folder, and how it stays small while the engine runs. */
import { createReadStream, createWriteStream, openSync, readFileSync } from 'node:fs'
import { rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'

const MAX_BYTES = 16 * 1024 * 1024
const CHECK_MS = 5_000

/** Opens the log for appending: what is written after it was emptied begins at its start. */
export function openEngineLog(dir: string): number {
  return openSync(pathOf(dir), 'a', 0o600)
}

/** The last five lines. */
export function readLogTail(dir: string): string {
  try {
    return readFileSync(pathOf(dir), 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  } catch {
    return ''
  }
}

/**
 * Every 5 s, empties a log of more than 16 MiB, whose last 16 MiB become `engine.log.old`. A rename would not do: the
 * engine writes to the file that it was given. Lines that it writes during the copy are lost. The returned function
 * stops it.
 */
export function keepLogSmall(
  dir: string,
  { maxBytes = MAX_BYTES, timer = systemTimer }: { maxBytes?: number; timer?: Timer } = {},
): () => void {
  const path = pathOf(dir)
  return startPeriodicTask(timer, async () => {
    await rotate(path, maxBytes).catch(() => {}) // The next check tries again.
    return CHECK_MS
  })
}

async function rotate(path: string, maxBytes: number): Promise<void> {
  const { size } = await stat(path)
  if (size <= maxBytes) return
  const old = `${path}.old`
  const tail = createReadStream(path, { start: size - maxBytes, end: size - 1 })
  // On a full disk the log is emptied without a copy.
  await pipeline(tail, createWriteStream(old, { mode: 0o600 })).catch(() =>
    rm(old, { force: true }),
  )
  await truncate(path)
}

function pathOf(dir: string): string {
  return join(dir, 'engine.log')
}
