/**
 * Blobs in a folder, with the reference's layout: `<did>/<cid>`, temporary uploads in `tempt/<did>/<key>`, quarantined
 * blobs in `quarantine/<did>/<cid>`. Files are put there complete, by a rename; uploads are written in place, and a row
 * names them only when they are complete.
 */
import { randomBytes } from 'node:crypto'
import {
  access,
  constants,
  copyFile,
  type FileHandle,
  mkdir,
  open,
  opendir,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  type BlobStorage,
  type OpenBlob,
  safeName,
  type TempUpload,
} from '#src/ports/blob-storage.ts'
import { freeBytesAt, insufficientStorage, rethrowFull } from '#src/ports/disk-space.ts'
import { syncFolder } from '#src/ports/sync-folder.ts'

const WRITTEN_BYTES = 512 * 1024
/** What a reader that takes nothing holds in memory. */
const READ_BYTES = 64 * 1024

/** `tempLocation`, for temporary uploads, may be on another disk than `location`. */
export function diskBlobStorage({
  location,
  tempLocation = join(location, 'tempt'),
  reserveBytes = 0,
}: {
  location: string
  tempLocation?: string | undefined
  /** Free bytes of the disk below which uploads are refused. */
  reserveBytes?: number
}): BlobStorage {
  const quarantineLocation = join(location, 'quarantine')
  const permanentPath = (did: string, cid: string) => join(location, safeName(did), safeName(cid))
  const tempPath = (did: string, key: string) => join(tempLocation, safeName(did), safeName(key))
  const quarantinePath = (did: string, cid: string) =>
    join(quarantineLocation, safeName(did), safeName(cid))

  return {
    async putTemp(did, source) {
      const freeBytes = freeBytesAt(tempLocation)
      if (freeBytes !== undefined && freeBytes < reserveBytes) throw insufficientStorage()
      const key = randomBytes(20).toString('hex')
      const path = tempPath(did, key)
      const file = await withFolder(path, () => open(path, 'wx', 0o600)).catch(rethrowFull)
      try {
        await writeAll(file, source)
        // The name, too, must be durable.
        await Promise.all([file.datasync(), syncFolder(dirname(path))])
      } catch (error) {
        await file.close()
        await unlink(path).catch(() => {})
        return rethrowFull(error)
      }
      await file.close()
      return key
    },
    makePermanent: (did, key, cid) => move(tempPath(did, key), permanentPath(did, cid)),
    open: (did, cid) => openFile(permanentPath(did, cid)),
    openTemp: (did, key) => openFile(tempPath(did, key)),
    quarantine: (did, cid) => move(permanentPath(did, cid), quarantinePath(did, cid)),
    unquarantine: (did, cid) => move(quarantinePath(did, cid), permanentPath(did, cid)),
    async delete(did, cids) {
      for (const cid of cids) {
        await ifExists(unlink(permanentPath(did, cid)))
        await ifExists(unlink(quarantinePath(did, cid)))
      }
    },
    async deleteTemps(did, keys) {
      for (const key of keys) await ifExists(unlink(tempPath(did, key)))
    },
    async deleteAll(did) {
      for (const folder of [location, tempLocation, quarantineLocation]) {
        await rm(join(folder, safeName(did)), { recursive: true, force: true })
      }
    },
    listTemps: (before) => listTempsIn(tempLocation, before),
    async check() {
      for (const folder of [location, tempLocation]) {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
      }
    },
  }
}

// Collects small chunks for fewer writes, without copying them.
async function writeAll(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<void> {
  let chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    size += chunk.length
    if (size < WRITTEN_BYTES) continue
    await writeChunks(file, chunks, size)
    chunks = []
    size = 0
  }
  await writeChunks(file, chunks, size)
}

async function writeChunks(file: FileHandle, chunks: Uint8Array[], size: number): Promise<void> {
  if (size === 0) return
  const { bytesWritten } = await file.writev(chunks)
  // `writev` may write only a part, for example if the disk is nearly full.
  if (bytesWritten < size) await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}

async function move(from: string, to: string): Promise<boolean> {
  const moved = await ifExists(
    withFolder(to, () => rename(from, to)).catch((error) => {
      if (codeOf(error) === 'EXDEV') return moveAcross(from, to)
      throw error
    }),
  )
  if (!moved) return ifExists(stat(to))
  await syncFolder(dirname(to))
  return true
}

// Between disks: copies to a temporary name first, so that the final file is complete.
async function moveAcross(from: string, to: string): Promise<void> {
  const partial = `${to}-${randomBytes(6).toString('hex')}`
  try {
    await copyFile(from, partial)
    const file = await open(partial, 'r+')
    await file.datasync()
    await file.close()
    await rename(partial, to)
  } catch (error) {
    await unlink(partial).catch(() => {})
    throw error
  }
  await ifExists(unlink(from))
}

async function withFolder<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await makeFolder(dirname(path))
    return work()
  }
}

/** Durably: each folder that did not exist is synced into the one above. */
async function makeFolder(path: string): Promise<void> {
  const last = resolve(path)
  const first = await mkdir(last, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = last; made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made))
  }
}

async function ifExists(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

async function openFile(path: string): Promise<OpenBlob | undefined> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  const { size } = await file.stat()
  return {
    size,
    bytes: bytesOf(file, 0, size),
    part: (start, end) => bytesOf(file, start, end + 1),
    close: () => file.close(),
  }
}

async function* bytesOf(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = start; at < end; ) {
      const length = Math.min(READ_BYTES, end - at)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at)
      if (bytesRead === 0) throw new Error('blob file shrank while it was read')
      at += bytesRead
      yield bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

// Also removes folders that have been empty since before `before`.
async function* listTempsIn(folder: string, before: number): AsyncGenerator<TempUpload> {
  for (const did of await listFolder(folder)) {
    let isEmpty = true
    for (const key of await listFolder(join(folder, did))) {
      isEmpty = false
      const found = await stat(join(folder, did, key)).catch(() => undefined)
      if (found?.isFile() && found.mtimeMs < before) yield { did, key }
    }
    if (!isEmpty) continue
    const found = await stat(join(folder, did)).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < before) {
      await rmdir(join(folder, did)).catch(() => {})
    }
  }
}

async function listFolder(folder: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const entry of await opendir(folder)) names.push(entry.name)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error
  }
  return names
}
