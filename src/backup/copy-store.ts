/**
 * Copies the engine's RocksDB store, also while the engine writes to it.
 *
 * Tables (*.sst) are never changed, so links to them are enough. The manifest, which names the tables, only grows, and so
 * do the logs, of which RocksDB recovers a prefix. So a copy is good if between its beginning and its end no table and no
 * log was added or deleted and the manifest stayed as it was; otherwise it is made again. It contains all that was
 * acknowledged before the copy of the newest log began, because the engine writes its log first.
 */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { codeOf, copy, hasSameSize, linkOrCopy } from '#src/backup/link-or-copy.ts'
import { syncAll } from '#src/backup/sync-all.ts'
import { walFiles } from '#src/ports/wal-files.ts'

// The engine changes tables every few seconds at most, and an attempt takes a second at most if tables are linked.
const ATTEMPTS = 20
const PAUSE_MS = 1_000

const isTable = (name: string) => name.endsWith('.sst')
const isSmall = (name: string) => /^(CURRENT|IDENTITY|MANIFEST-\d+|OPTIONS-\d+)$/.test(name)

/** `onFile` is called after each file; attempts are `pauseMs` apart. Throws if the store changes all the time. */
export async function copyStore(
  from: string,
  to: string,
  onFile: (done: number, all: number) => void = () => {},
  pauseMs = PAUSE_MS,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(pauseMs)
    await mkdir(to, { recursive: true, mode: 0o700 })
    const before = await stateOf(from)
    await removeOutdated(from, to)
    const isWhole = await copyFiles(from, to, onFile)
    if (isWhole && before !== undefined && before === (await stateOf(from))) return syncAll(to)
  }
  throw new Error(`the store in ${from} changed during each of ${ATTEMPTS} attempts to copy it`)
}

/** Of an earlier attempt, tables stay that the store still has: on another disk copying them takes longest. */
async function removeOutdated(from: string, to: string): Promise<void> {
  for (const name of await readdir(to)) {
    if (!isTable(name) || !(await hasSameSize(join(from, name), join(to, name)))) {
      await rm(join(to, name), { recursive: true })
    }
  }
}

/** Whether all files were still there. */
async function copyFiles(
  from: string,
  to: string,
  onFile: (done: number, all: number) => void,
): Promise<boolean> {
  const names = await readdir(from)
  const logs = walFiles(names)
  // The manifest after the tables that it names, and the logs last: they have the newest.
  const ordered = [...names.filter(isTable), ...names.filter(isSmall), ...logs]
  for (const [i, name] of ordered.entries()) {
    const put = isTable(name) ? linkOrCopy : copy
    try {
      if (!isTable(name) || !(await hasSameSize(join(from, name), join(to, name)))) {
        await put(join(from, name), join(to, name))
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    onFile(i + 1, ordered.length)
  }
  return true
}

/** Changes whenever tables or logs were added or deleted; undefined while the manifest is being replaced. */
async function stateOf(path: string): Promise<string | undefined> {
  try {
    const names = await readdir(path)
    const current = (await readFile(join(path, 'CURRENT'), 'utf8')).trim()
    const { size } = await stat(join(path, current))
    return [...[...names.filter(isTable), ...walFiles(names)].sort(), current, size].join('\n')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
