/** `headwater archive …`: creates, lists, verifies, drills and restores the archives of accounts. */
import { type Command, type Invocation, integerOption, textOption } from '#src/cli/command.ts'
import { isOffline, offlineOptions, openOffline } from '#src/cli/offline-archives.ts'
import { runLines } from '#src/cli/progress-lines.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { lookUpDid } from '#src/cli/server-client.ts'

const ADMIN = 'dev.headwater.admin'

const oneArchive = {
  operands: '<did-or-handle> [archive]',
  operandCount: [1, 2],
} as const

const trusted = {
  type: 'string',
  value: 'DID:KEY',
  help: 'Key of the server that made the archive, if that is another one',
} as const

const create: Command = {
  name: 'archive create',
  summary: 'Make an archive of an account',
  details: 'The server stores it in PDS_ARCHIVE_LOCATION, with the blobs that are not there yet.',
  operands: '<did-or-handle>',
  operandCount: [1, 1],
  run: async (invocation) =>
    runLines(invocation, `${ADMIN}.createArchive`, await nameOf(invocation)),
}

interface ArchiveView {
  did: string
  archive?: string
  createdAt?: string
  rev?: string
  records?: number
  blobs?: number
  private?: boolean
  error?: string
  drilledAt?: string
  drillError?: string
}

const list: Command = {
  name: 'archive list',
  summary: 'List the archives of an account, or the last one of each account',
  details: 'With --location the server need not run.',
  operands: '[did-or-handle]',
  operandCount: [0, 1],
  options: {
    failed: { type: 'boolean', help: 'Only accounts whose last archive or drill has failed' },
    limit: { type: 'string', value: 'N', help: 'Maximum number of lines (default: 100)' },
    ...offlineOptions,
  },
  async run(invocation) {
    const { server, options } = invocation
    if (isOffline(invocation)) return (await openOffline(invocation)).list(invocation.operands[0])
    const [name] = invocation.operands
    const method = `${ADMIN}.listArchives`
    if (name !== undefined) {
      const key = textOption(invocation, 'signed-by')
      const params = { did: await lookUpDid(server, name), ...(key && { trustedKeys: key }) }
      const { archives } = await server.get<{ archives: ArchiveView[] }>(method, params)
      return archives.map(({ did: _, ...view }) => view)
    }
    const onlyFailed = options['failed'] === true
    const found = await readPages<ArchiveView>(server, method, 'archives', {
      params: { failed: onlyFailed ? 'true' : undefined },
      most: integerOption(invocation, 'limit', 100),
    })
    if (found.length === 0 && !onlyFailed) {
      invocation.warn(
        'This server has made no archives yet. Those of another server in the same place: archive list DID, or --location',
      )
    }
    return found
  },
}

const verify: Command = {
  ...oneArchive,
  name: 'archive verify',
  summary: 'Read an archive and check all of it',
  details:
    'Checks the signature, the hashes of all parts, the commit, the tree and each blob; of the newest archive if none is named. With --location the server need not run.',
  options: offlineOptions,
  async run(invocation) {
    if (isOffline(invocation)) {
      return (await openOffline(invocation)).verify(invocation.operands[0]!, invocation.operands[1])
    }
    return runLines(invocation, `${ADMIN}.verifyArchive`, await trustedNameOf(invocation))
  },
}

const drill: Command = {
  ...oneArchive,
  name: 'archive drill',
  summary: 'Restore an archive into a scratch account, compare it, and delete it again',
  run: async (invocation) =>
    runLines(invocation, `${ADMIN}.drillArchive`, await nameOf(invocation)),
}

const restore: Command = {
  ...oneArchive,
  name: 'archive restore',
  summary: 'Restore an account from an archive, from the newest if none is named',
  details:
    'Replaces records, blobs and preferences. Password, app passwords, second factors, authorized apps and members stay as they are now. An account that is gone is created with its former key, and gets them from the archive.',
  options: {
    handle: {
      type: 'string',
      value: 'HANDLE',
      help: 'Handle of an account that is gone, if its former one is taken',
    },
    publish: {
      type: 'boolean',
      help: 'Point the DID of an account that is gone to this server, if that has a rotation key of it',
    },
    'signed-by': trusted,
    'with-credentials': {
      type: 'boolean',
      help: 'Also give an account that is here its former password, second factors, authorized apps and members, and end all its sessions',
    },
  },
  async run(invocation) {
    const handle = textOption(invocation, 'handle')
    return runLines(invocation, `${ADMIN}.restoreArchive`, {
      ...(await trustedNameOf(invocation)),
      ...(handle !== undefined && { handle }),
      ...(invocation.options['publish'] === true && { publishDid: true }),
      ...(invocation.options['with-credentials'] === true && { withCredentials: true }),
    })
  },
}

export const archiveCommands: readonly Command[] = [create, list, verify, drill, restore]

async function nameOf({ server, operands: [name, archive] }: Invocation) {
  // A handle may be gone with its account, a DID is not.
  const did = await lookUpDid(server, name!)
  return { did, ...(archive !== undefined && { archive }) }
}

async function trustedNameOf(invocation: Invocation) {
  const key = textOption(invocation, 'signed-by')
  return { ...(await nameOf(invocation)), ...(key !== undefined && { trustedKeys: [key] }) }
}
