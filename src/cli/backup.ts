/** `headwater backup` and `headwater restore`: the data of a server on this machine. */
import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { backUp, type ServerFolders } from '#src/backup/back-up.ts'
import { restore } from '#src/backup/restore.ts'
import { type Command, type Invocation, textOption } from '#src/cli/command.ts'
import { fileError } from '#src/cli/file-error.ts'
import { environment, readConfig } from '#src/config/config.ts'
import { noteBackup, noteFailedBackup } from '#src/ports/last-backup.ts'

const variablesOption = {
  'env-file': {
    type: 'string',
    value: 'FILE',
    help: "File with the server's variables (default: those of this shell)",
  },
} as const

const backupCommand: Command = {
  name: 'backup',
  summary: 'Copy the data of a server that runs, or not, into a new folder',
  details:
    'Run it as the user of the server. With --env-file the copy has the variables too, without which the data cannot be read; otherwise keep them yourself.',
  operands: '<folder>',
  operandCount: [1, 1],
  options: variablesOption,
  async run(invocation) {
    const { operands, report } = invocation
    const { folders, bucket, isDevelopment } = foldersOf(invocation)
    const variables = textOption(invocation, 'env-file')
    const folder = resolve(operands[0]!)
    const now = new Date()
    const { at } = await backUp(folders, folder, { variables, report, now }).catch(
      async (error: Error) => {
        const failed = { at: now.toISOString(), to: folder, error: error.message }
        await noted(invocation, noteFailedBackup(folders.data, failed))
        throw error
      },
    )
    const bytes = await bytesIn(folder)
    await noted(invocation, noteBackup(folders.data, { at, to: folder, bytes }))
    return {
      backup: folder,
      of: folders.data,
      at,
      variables: variables === undefined && !isDevelopment ? KEEP_VARIABLES : KEEP_SECRET,
      ...(bucket !== undefined && { blobs: `in the bucket ${bucket}, not in the backup` }),
      next: 'copy the folder to another machine, and try a restore there',
    }
  },
}

/** The backup counts all the same. */
async function noted({ warn }: Invocation, writing: Promise<void>): Promise<void> {
  await writing.catch((error: Error) =>
    warn(`the server is not told of this backup: ${error.message}`),
  )
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}

const KEEP_SECRET = 'in the backup: keep it secret'
const KEEP_VARIABLES =
  'NOT in the backup. Without PDS_KEY_ENCRYPTION_KEY_HEX and the rotation key it cannot be used: keep the env file elsewhere'

const restoreCommand: Command = {
  name: 'restore',
  summary: 'Put a backup into the data folder of this server, which must be empty',
  details:
    'The server must not run. At its start all accounts announce themselves to relays, which may have seen what was written after the backup.',
  operands: '<folder>',
  operandCount: [1, 1],
  options: {
    ...variablesOption,
    moved: {
      type: 'boolean',
      help: 'The server was stopped before the backup, so that nothing was written since',
    },
  },
  async run(invocation) {
    const { operands, options, report } = invocation
    const { folders, bucket, isDevelopment } = foldersOf(invocation)
    const isMoved = options['moved'] === true
    const note = await restore(resolve(operands[0]!), folders, { isMoved, report })
    return {
      restored: folders.data,
      from: note.at,
      variables: note.hasVariables
        ? 'headwater.env in the backup: start the server with it'
        : isDevelopment
          ? 'restored (secrets.json)'
          : 'start the server with those that it had',
      ...(bucket !== undefined && { blobs: `in the bucket ${bucket}` }),
      next: 'start the server, then run headwater doctor',
    }
  },
}

export const backupCommands: readonly Command[] = [backupCommand, restoreCommand]

/** Throws if the server's engine is not on this machine. */
function foldersOf(invocation: Invocation): {
  folders: ServerFolders
  bucket?: string
  /** Its secrets are in the data folder. */
  isDevelopment: boolean
} {
  const path = textOption(invocation, 'env-file')
  const config = readConfig(
    path === undefined ? environment() : { ...environment(), ...variablesIn(path) },
  )
  const data = resolve(config.dataDirectory)
  const { endpoint, directory } = config.engine
  const engine = endpoint === undefined ? join(data, 'engine') : directory
  if (engine === undefined) {
    throw new Error(
      `the accounts are stored by the engine at ${endpoint}: back up its database, or set PDS_ENGINE_DIRECTORY if its folder is on this machine (docs/operate/backup.md)`,
    )
  }
  const isDevelopment = config.mode === 'development'
  const { storage } = config.blobs
  if (storage.kind === 's3') {
    return { folders: { data, engine, blobs: undefined }, bucket: storage.bucket, isDevelopment }
  }
  const location = resolve(storage.location ?? join(data, 'blobs'))
  const blobs = { location, tempLocation: storage.tempLocation }
  return { folders: { data, engine, blobs }, isDevelopment }
}

function variablesIn(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    throw fileError('read', path, error)
  }
}
