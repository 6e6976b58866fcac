/** Archives and backups in a folder, a file for each object. A file is written elsewhere, and renamed when it is whole. */
import { randomBytes } from 'node:crypto'
import { access, constants, open, opendir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type ArchiveStorage, safeKey, safePrefix } from '#src/ports/archive-storage.ts'
import { freeBytesAt, insufficientStorage, rethrowFull } from '#src/ports/disk-space.ts'
import { makeFolder, syncFolder } from '#src/ports/sync-folder.ts'

/** Not a key, because those begin without a dot. */
const DRAFTS = '.drafts'
const DRAFT_MAX_AGE_MS = 24 * 60 * 60 * 1000
/** After so many bytes the free space is looked at again. */
const MEASURED_BYTES = 8 * 1024 * 1024

/** `reserveBytes`: free bytes of the disk below which nothing is stored. */
export function folderStorage(
  path: string,
  { reserveBytes = 0, freeBytes = freeBytesAt } = {},
): ArchiveStorage {
  const root = resolve(path)
  const pathOf = (key: string) => join(root, safeKey(key))
  const mustHaveRoom = () => {
    if ((freeBytes(root) ?? Number.POSITIVE_INFINITY) < reserveBytes) throw insufficientStorage()
  }
  return {
    name: root,
    async put(key, source) {
      const target = pathOf(key)
      const draft = join(root, DRAFTS, randomBytes(16).toString('hex'))
      try {
        makeFolder(join(root, DRAFTS))
        mustHaveRoom()
        await writeDraft(draft, source, mustHaveRoom)
        makeFolder(dirname(target))
        await rename(draft, target)
        await syncFolder(dirname(target))
      } catch (error) {
        await unlink(draft).catch(() => {})
        rethrowFull(error)
      }
    },
    async get(key) {
      const file = await ifExists(open(pathOf(key)))
      if (file === undefined) return undefined
      const { size } = await file.stat()
      const bytes = file.createReadStream({ highWaterMark: 256 * 1024 })
      return { size, bytes, close: async () => void bytes.destroy() }
    },
    async sizeOf(key) {
      return (await ifExists(stat(pathOf(key))))?.size
    },
    list: (prefix) => listed(root, safePrefix(prefix)),
    async *folders(prefix) {
      for await (const entry of entriesOf(join(root, safePrefix(prefix)))) {
        if (entry.isDirectory()) yield entry.name
      }
    },
    async delete(keys) {
      for (const key of keys) await rm(pathOf(key), { force: true })
    },
    async check() {
      makeFolder(root)
      await access(root, constants.R_OK | constants.W_OK | constants.X_OK)
      await removeOldDrafts(join(root, DRAFTS))
    },
  }
}

async function writeDraft(
  draft: string,
  source: Uint8Array | AsyncIterable<Uint8Array>,
  mustHaveRoom: () => void,
): Promise<void> {
  await using file = await open(draft, 'wx', 0o600)
  let unmeasured = 0
  for await (const chunk of source instanceof Uint8Array ? [source] : source) {
    unmeasured += chunk.length
    if (unmeasured > MEASURED_BYTES) {
      mustHaveRoom()
      unmeasured = 0
    }
    await file.writeFile(chunk)
  }
  await file.datasync()
}

async function* listed(
  root: string,
  prefix: string,
): AsyncGenerator<{ key: string; size: number }> {
  for await (const entry of entriesOf(join(root, prefix))) {
    const key = prefix + entry.name
    if (entry.isDirectory()) yield* listed(root, `${key}/`)
    else {
      const found = await ifExists(stat(join(root, key)))
      if (found !== undefined) yield { key, size: found.size }
    }
  }
}

async function* entriesOf(path: string) {
  const folder = await ifExists(opendir(path))
  if (folder === undefined) return
  for await (const entry of folder) if (!entry.name.startsWith('.')) yield entry
}

/** Of processes that were killed. */
async function removeOldDrafts(path: string): Promise<void> {
  const folder = await ifExists(opendir(path))
  if (folder === undefined) return
  for await (const { name } of folder) {
    const found = await ifExists(stat(join(path, name)))
    if (found !== undefined && found.mtimeMs < Date.now() - DRAFT_MAX_AGE_MS) {
      await rm(join(path, name), { force: true })
    }
  }
}

async function ifExists<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
