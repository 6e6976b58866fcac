/** The list of the files of a backup, which lies beside its `backup.json`: a line of JSON for each file. */
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { BackedUpFile, BackupNote } from '#src/backup/backup-note.ts'
import { FileIndex } from '#src/backup/file-index.ts'
import type { ServerFolders } from '#src/backup/server-folders.ts'
import { release } from '#src/release.ts'

export const LISTING = 'files.jsonl'

const BATCH = 500

export function* listingOf(files: FileIndex): Generator<Uint8Array> {
  let lines: string[] = []
  for (const file of files.below()) {
    lines.push(`${JSON.stringify(file)}\n`)
    if (lines.length < BATCH) continue
    yield Buffer.from(lines.join(''))
    lines = []
  }
  yield Buffer.from(lines.join(''))
}

export function listingSha256(files: FileIndex): string {
  const hash = createHash('sha256')
  for (const bytes of listingOf(files)) hash.update(bytes)
  return hash.digest('hex')
}

/** The note of a backup of these files. */
export function noteOf(
  from: ServerFolders,
  files: FileIndex,
  made: { now: Date; variables: string | undefined; server: string | undefined },
): BackupNote {
  return {
    at: made.now.toISOString(),
    release,
    hasBlobs: from.blobs !== undefined,
    hasVariables: made.variables !== undefined,
    server: made.server,
    listing: { ...files.totals(), sha256: listingSha256(files) },
  }
}

/** Throws if the list does not have this hash, or names a file that is no part of a server. */
export async function readListing(
  bytes: AsyncIterable<Uint8Array>,
  sha256: string,
  name: string,
): Promise<FileIndex> {
  using stack = new DisposableStack()
  const files = stack.use(new FileIndex())
  const hash = createHash('sha256')
  async function* hashed() {
    for await (const chunk of bytes) {
      hash.update(chunk)
      yield chunk
    }
  }
  const damaged = () => new Error(`${LISTING} of ${name} is damaged`)
  for await (const line of createInterface({ input: Readable.from(hashed()) })) {
    if (line === '') continue
    const file = parsed(line)
    if (file === undefined) throw damaged()
    files.put(file)
  }
  if (hash.digest('hex') !== sha256) throw damaged()
  stack.move()
  return files
}

function parsed(line: string): BackedUpFile | undefined {
  try {
    const file = JSON.parse(line) as BackedUpFile
    return isPartOfServer(file.path) && Number.isSafeInteger(file.bytes) ? file : undefined
  } catch {
    return undefined
  }
}

const topLevel = ['secrets.json', 'folder-id', 'plc.sqlite', 'headwater.env']

/** Nobody can make a restore write elsewhere. */
function isPartOfServer(path: string): boolean {
  if (topLevel.includes(path)) return true
  const names = path.split('/')
  const isSafe = names.every((name) => !['', '.', '..'].includes(name) && !name.includes('\0'))
  const isStore = names.length === 3 && path.startsWith('engine/db/')
  return isSafe && (isStore || (names.length > 1 && names[0] === 'blobs'))
}
