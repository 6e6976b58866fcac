/** `headwater backup` and `headwater restore`: the data of a server on this machine. */
import { dirname, join, resolve } from 'node:path'
import { backUp } from '#src/backup/back-up.ts'
import { backUpTo } from '#src/backup/back-up-to-repository.ts'
import { type BackupNote, backupId } from '#src/backup/backup-note.ts'
import { backupsIn } from '#src/backup/folder-backups.ts'
import { pruneFolder } from '#src/backup/prune.ts'
import { restore } from '#src/backup/restore.ts'
import { type ServerFolders, serverIdOf, storeOf } from '#src/backup/server-folders.ts'
import {
  chosenOption,
  configOf,
  foldersOf,
  openSource,
  placeOf,
  variablesOption,
} from '#src/cli/backup-places.ts'
import { type Command, type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { drillCommand } from '#src/cli/drill.ts'
import type { Config } from '#src/config/config.ts'
import { DataFolder } from '#src/data-folder.ts'
import { giveToOwner } from '#src/ports/data-folder-note.ts'
import { noteBackup, noteFailedBackup } from '#src/ports/last-backup.ts'
import { parseRetention, type Retention } from '#src/retention.ts'

const place = { operands: '[folder|s3://bucket/prefix]', operandCount: [0, 1] } as const

const backupCommand: Command = {
  ...place,
  name: 'backup',
  summary: 'Back up a server that runs, or not, into a new folder or a bucket',
  details:
    'Run it as the user of the server. Without an operand it goes to PDS_BACKUP_LOCATION: into a new folder there, or into that bucket. Only what has changed since the backup before is copied or sent. With --env-file the backup has the variables too, without which the data cannot be read; otherwise keep them yourself.',
  options: {
    ...variablesOption,
    since: {
      type: 'string',
      value: 'FOLDER',
      help: 'Earlier backup to share files with (default: the newest one beside the new folder)',
    },
    keep: {
      type: 'string',
      value: '7d4w12m',
      help: 'Then delete all but the newest of so many days, weeks and months (env: PDS_BACKUP_KEEP)',
    },
  },
  async run(invocation) {
    const config = configOf(invocation)
    const { folders, bucket } = foldersOf(config)
    const variables = textOption(invocation, 'env-file')
    const keep = retentionOf(invocation, config)
    storeOf(folders)
    const data = new DataFolder(folders.data)
    using _lock = data.lock(['backup'])
    giveToOwner(data.path, [data.at('backup.lock'), data.at('backup.lock-pid')])
    const now = new Date()
    try {
      const made = await makeBackup({ invocation, config, folders, variables, keep, now })
      const { bytes } = made
      const noting = noteBackup(data.path, { at: now.toISOString(), to: made.backup, bytes })
      await noted(invocation, noting)
      return {
        ...made,
        of: folders.data,
        at: now.toISOString(),
        variables:
          variables === undefined && config.mode === 'production' ? KEEP_VARIABLES : KEEP_SECRET,
        ...(bucket !== undefined && { blobs: `in the bucket ${bucket}, not in the backup` }),
        next: made.next,
      }
    } catch (error) {
      const { location } = config.backup
      const to =
        location?.kind === 's3'
          ? `s3://${location.bucket}/${location.prefix}`
          : resolve(location?.path ?? '')
      const failed = { at: now.toISOString(), to, error: (error as Error).message }
      await noted(invocation, noteFailedBackup(data.path, failed))
      throw error
    }
  },
}

/** The backup counts all the same. */
async function noted({ warn }: Invocation, writing: Promise<void>): Promise<void> {
  await writing.catch((error: Error) =>
    warn(`the server was not told of this backup: ${error.message}`),
  )
}

const KEEP_SECRET = 'in the backup: keep it secret'
const KEEP_VARIABLES =
  'NOT in the backup. Without PDS_KEY_ENCRYPTION_KEY_HEX and the rotation key it cannot be used: keep the env file elsewhere'

interface Work {
  invocation: Invocation
  config: Config
  folders: ServerFolders
  variables: string | undefined
  keep: Retention | undefined
  now: Date
}

async function makeBackup({ invocation, config, folders, variables, keep, now }: Work) {
  const { operands, report } = invocation
  const since = textOption(invocation, 'since')
  const place = await placeOf(config)
  if ('repository' in place) {
    if (since !== undefined) throw new UsageError('--since is only for a folder')
    const { repository } = place
    const options = { variables, keep, report, now }
    const made = await backUpTo(repository, folders, options)
    const { id, note, deleted, notDeleted, ...uploaded } = made
    if (notDeleted !== undefined) {
      invocation.warn(`old backups were not deleted: ${notDeleted}`)
      process.exitCode = 1
    }
    return {
      backup: `${repository.name} ${id}`,
      ...{ bytes: note.listing!.bytes, files: note.listing!.files, ...uploaded },
      encrypted: repository.isEncrypted,
      ...(deleted.length > 0 && { deleted }),
      next: `try it: '${drillOf(operands[0])}'`,
    }
  }
  const to = operands[0] === undefined ? join(place.folder, backupId(now)) : place.folder
  const from = since === undefined ? undefined : resolve(since)
  const { listing } = await backUp(folders, to, { variables, report, now, since: from })
  const deleted = keep && (await pruneFolder(dirname(to), serverIdOf(folders), keep))
  return {
    backup: to,
    ...{ bytes: listing!.bytes, files: listing!.files },
    ...(deleted?.length && { deleted }),
    next: `copy the folder to another machine, and try it: '${drillOf(operands[0])}'`,
  }
}

/** Without an operand it reads PDS_BACKUP_LOCATION, as the backup did. */
function drillOf(place: string | undefined): string {
  return place === undefined ? 'headwater backup drill' : `headwater backup drill ${place}`
}

function retentionOf(invocation: Invocation, { backup }: Config): Retention | undefined {
  const text = textOption(invocation, 'keep') ?? backup.keep
  if (text === undefined) return undefined
  const rule = parseRetention(text)
  if (rule === undefined)
    throw new UsageError('--keep must be days, weeks and months, such as 7d4w12m')
  return rule
}

const listCommand: Command = {
  ...place,
  name: 'backup list',
  summary: 'List the complete backups in a folder or a bucket',
  options: variablesOption,
  async run(invocation) {
    const place = await placeOf(configOf(invocation))
    if ('folder' in place) {
      const found = await backupsIn(place.folder)
      return found.map(({ name, note }) => rowOf(name, note))
    }
    const { repository } = place
    const ids = await repository.ids()
    return await Promise.all(ids.map(async (id) => rowOf(id, await repository.readNote(id))))
  },
}

function rowOf(id: string, { at, release, listing }: BackupNote): object {
  return { id, at, release, files: listing?.files ?? null, bytes: listing?.bytes ?? null }
}

const restoreCommand: Command = {
  ...place,
  name: 'restore',
  summary: 'Put a backup into the data folder of this server, which must be empty',
  details:
    'The server must not run. Every file is verified. At its start all accounts announce themselves to relays, which may have seen what was written after the backup. After an interruption, run the same command again.',
  options: {
    ...variablesOption,
    ...chosenOption,
    moved: {
      type: 'boolean',
      help: 'The server was stopped before the backup, so that nothing was written since',
    },
  },
  async run(invocation) {
    const { options, report } = invocation
    const config = configOf(invocation)
    const { folders, bucket } = foldersOf(config)
    using source = await openSource(config, textOption(invocation, 'backup'))
    const note = await restore(source, folders, { isMoved: options['moved'] === true, report })
    const isInFolder = source.folder !== undefined
    const kept = isInFolder ? 'headwater.env in the backup' : `${folders.data}/headwater.env`
    return {
      restored: folders.data,
      backup: source.name,
      from: note.at,
      variables: note.hasVariables
        ? `${kept}: start the server with it`
        : config.mode === 'development'
          ? 'restored (secrets.json)'
          : 'start the server with those that it had',
      ...(bucket !== undefined && { blobs: `in the bucket ${bucket}` }),
      next: 'start the server, then run headwater doctor',
    }
  },
}

export const backupCommands: readonly Command[] = [
  listCommand,
  drillCommand,
  backupCommand,
  restoreCommand,
]
