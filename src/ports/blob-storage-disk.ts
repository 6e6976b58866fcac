/**
 * Blobs in a folder, laid out as the reference lays it out: `<did>/<cid>`, uploads that wait in `tempt/<did>/<key>`,
 * what is set aside in `quarantine/<did>/<cid>`. Files come to their place whole, by a rename.
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
import { dirname, join } from 'node:path'
import {
  type BlobStorage,
  type OpenBlob,
  safeName,
  type TempUpload,
} from '#src/ports/blob-storage.ts'

/** What is read or written in one go. */
const CHUNK = 512 * 1024

/** The storage in the folder `location`; uploads wait in `tempLocation`, which may be on another disk. */
export function diskBlobStorage({
  location,
  tempLocation = join(location, 'tempt'),
}: {
  location: string
  tempLocation?: string | undefined
}): BlobStorage {
  const quarantineLocation = join(location, 'quarantine')
  const placeOf = (did: string, cid: string) => join(location, safeName(did), safeName(cid))
  const tempOf = (did: string, key: string) => join(tempLocation, safeName(did), safeName(key))
  const asideOf = (did: string, cid: string) =>
    join(quarantineLocation, safeName(did), safeName(cid))

  return {
    async putTemp(did, source) {
      const key = randomBytes(20).toString('hex')
      const path = tempOf(did, key)
      const file = await made(path, () => open(path, 'wx', 0o600))
      try {
        await writeAll(file, source)
        await file.datasync()
      } catch (error) {
        await file.close()
        await unlink(path).catch(() => {})
        throw error
      }
      await file.close()
      return key
    },
    makePermanent: (did, key, cid) => move(tempOf(did, key), placeOf(did, cid)),
    open: (did, cid) => openFile(placeOf(did, cid)),
    openTemp: (did, key) => openFile(tempOf(did, key)),
    quarantine: (did, cid) => move(placeOf(did, cid), asideOf(did, cid)),
    unquarantine: (did, cid) => move(asideOf(did, cid), placeOf(did, cid)),
    async delete(did, cids) {
      for (const cid of cids) {
        await present(unlink(placeOf(did, cid)))
        await present(unlink(asideOf(did, cid)))
      }
    },
    async deleteTemps(did, keys) {
      for (const key of keys) await present(unlink(tempOf(did, key)))
    },
    async deleteAll(did) {
      for (const folder of [location, tempLocation, quarantineLocation]) {
        await rm(join(folder, safeName(did)), { recursive: true, force: true })
      }
    },
    listTemps: (before) => waitingIn(tempLocation, before),
    async check() {
      for (const folder of [location, tempLocation]) {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
      }
    },
  }
}

/** Gathers what comes into few writes, of bytes that are not copied again. */
async function writeAll(file: FileHandle, source: AsyncIterable<Uint8Array>): Promise<void> {
  let chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    size += chunk.length
    if (size < CHUNK) continue
    await writeChunks(file, chunks, size)
    chunks = []
    size = 0
  }
  await writeChunks(file, chunks, size)
}

async function writeChunks(file: FileHandle, chunks: Uint8Array[], size: number): Promise<void> {
  if (size === 0) return
  const { bytesWritten } = await file.writev(chunks)
  // A disk that is nearly full takes a part; what is left then has to be told apart.
  if (bytesWritten < size) await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten))
}

/** False where there is nothing at either end. */
async function move(from: string, to: string): Promise<boolean> {
  const moved = await present(
    made(to, () => rename(from, to)).catch((error) => {
      if (codeOf(error) === 'EXDEV') return moveAcross(from, to)
      throw error
    }),
  )
  if (!moved) return present(stat(to))
  await syncFolder(dirname(to))
  return true
}

/** From one disk to another: beside its place first, so that what is in its place is whole. */
async function moveAcross(from: string, to: string): Promise<void> {
  const beside = `${to}-${randomBytes(6).toString('hex')}`
  try {
    await copyFile(from, beside)
    const file = await open(beside, 'r+')
    await file.datasync()
    await file.close()
    await rename(beside, to)
  } catch (error) {
    await unlink(beside).catch(() => {})
    throw error
  }
  await present(unlink(from))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Does it, and once more with the folder of `path` made where there was none. */
async function made<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return work()
  }
}

/** Whether what the work is about was there. */
async function present(work: Promise<unknown>): Promise<boolean> {
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
  return { size, bytes: bytesOf(file, size), close: () => file.close() }
}

async function* bytesOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < size; ) {
      const length = Math.min(CHUNK, size - at)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at)
      if (bytesRead === 0) throw new Error('a blob became shorter while it was read')
      at += bytesRead
      yield bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Folders that have been emptied long ago go, too. */
async function* waitingIn(folder: string, before: number): AsyncGenerator<TempUpload> {
  for (const did of await namesIn(folder)) {
    let isEmpty = true
    for (const key of await namesIn(join(folder, did))) {
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

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const entry of await opendir(folder)) names.push(entry.name)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error
  }
  return names
}
