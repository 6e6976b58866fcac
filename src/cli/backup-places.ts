/** What the commands of backups work with: this machine's server, and where its backups are. */
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type BackupSource, openFolder, openStored } from '#src/backup/backup-source.ts'
import { BackupRepository } from '#src/backup/repository.ts'
import type { ServerFolders } from '#src/backup/server-folders.ts'
import { type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'
import { type Config, environment, readConfig } from '#src/config/config.ts'
import { openArchiveStorage } from '#src/ports/open-archive-storage.ts'

export const variablesOption = {
  'env-file': {
    type: 'string',
    value: 'FILE',
    help: "File with the server's variables (default: those of this shell)",
  },
} as const

export const chosenOption = {
  backup: {
    type: 'string',
    value: 'ID',
    help: 'Which one of the backups that are there (default: the newest)',
  },
} as const

type Place = { folder: string } | { repository: BackupRepository }

/** Of this shell, and of --env-file. */
export function variablesOf(invocation: Invocation): NodeJS.Dict<string> {
  const path = textOption(invocation, 'env-file')
  if (path === undefined) return { ...environment() }
  return { ...environment(), ...parseEnv(readTextFile(path)) }
}

/** The operand, or else PDS_BACKUP_LOCATION, is where the backups are. */
export function configOf(invocation: Invocation): Config {
  const [place] = invocation.operands
  const variables = variablesOf(invocation)
  return readConfig(place === undefined ? variables : { ...variables, PDS_BACKUP_LOCATION: place })
}

/** Throws if neither the operand nor PDS_BACKUP_LOCATION names one. */
export async function placeOf({ backup }: Config): Promise<Place> {
  const { location, keyHex } = backup
  if (location === undefined) {
    throw new UsageError('name a folder or s3://BUCKET/PREFIX, or set PDS_BACKUP_LOCATION')
  }
  if (location.kind === 'folder') return { folder: resolve(location.path) }
  const key = keyHex === undefined ? undefined : Buffer.from(keyHex, 'hex')
  const repository = new BackupRepository(await openArchiveStorage(location), key)
  await repository.storage.check().catch((cause: Error) => {
    const { $metadata, name, message } = cause as Error & {
      $metadata?: { httpStatusCode?: number }
    }
    const reason = $metadata?.httpStatusCode ? `${name}, ${$metadata.httpStatusCode}` : message
    throw new Error(`${repository.name} cannot be used: ${reason}`, { cause })
  })
  return { repository }
}

export async function openSource(config: Config, id: string | undefined): Promise<BackupSource> {
  const place = await placeOf(config)
  return 'folder' in place ? openFolder(place.folder, id) : openStored(place.repository, id)
}

/** Throws if the server's engine is not on this machine. */
export function foldersOf(config: Config): { folders: ServerFolders; bucket?: string } {
  const data = resolve(config.dataDirectory)
  const { endpoint, directory } = config.engine
  const engine = endpoint === undefined ? join(data, 'engine') : directory
  if (engine === undefined) {
    throw new Error(
      `the accounts are stored by the engine at ${endpoint}: back up its database, or set PDS_ENGINE_DIRECTORY if its folder is on this machine (docs/operate/backup.md)`,
    )
  }
  const { storage } = config.blobs
  if (storage.kind === 's3') {
    return { folders: { data, engine, blobs: undefined }, bucket: storage.bucket }
  }
  const location = resolve(storage.location ?? join(data, 'blobs'))
  return { folders: { data, engine, blobs: { location, tempLocation: storage.tempLocation } } }
}
