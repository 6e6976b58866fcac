/** `headwater hostname change`: lets the DIDs of all accounts follow a new host name of the server. */
import { listCreated } from '#src/cli/accounts-to-delete.ts'
import {
  changeEndpoints,
  type EndpointCounts,
  type EndpointResult,
} from '#src/cli/change-endpoints.ts'
import {
  type Command,
  type Invocation,
  integerOption,
  requiredOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { serverUrl } from '#src/cli/move-invites.ts'

/** A relay takes 2,600 events in an hour from a server that it knows nothing about. */
const PER_MINUTE = 30
const MAX_PER_MINUTE = 6_000
const BAR_WIDTH = 20

const change: Command = {
  name: 'hostname change',
  summary:
    'Change the URL of this server in the DIDs of its accounts, after PDS_HOSTNAME was changed',
  details: [
    'The server must run under its new name already, and answer at the old one, too, until this is done. Accounts whose DIDs',
    'cannot be changed are listed with the reason. After Ctrl-C, a failure or a crash, run the command again: it goes on.',
  ].join('\n'),
  alwaysShowsProgress: true,
  options: {
    from: { type: 'string', value: 'URL', help: 'URL before, such as https://old.example.com' },
    rename: {
      type: 'string',
      value: 'OLD=NEW',
      help: 'Also handles, for example .old.example.com=.new.example.com (default: they stay)',
    },
    'dry-run': { type: 'boolean', help: 'Only show what would be changed, and what cannot be' },
    'per-minute': {
      type: 'string',
      value: 'N',
      help: `How many are changed in a minute (default: ${PER_MINUTE}, which relays follow)`,
    },
    yes: { type: 'boolean', help: 'Confirm the change' },
  },
  async run(invocation) {
    const { options, server, report } = invocation
    const perMinute = integerOption(invocation, 'per-minute', PER_MINUTE)
    if (perMinute < 1 || perMinute > MAX_PER_MINUTE) {
      throw new UsageError(`--per-minute must be 1 to ${MAX_PER_MINUTE}`)
    }
    const dryRun = options['dry-run'] === true
    const from = serverUrl(requiredOption(invocation, 'from'))
    const input = { from, ...domainsOf(invocation), dryRun }
    report('listing the accounts')
    const all = { after: '1970-01-01', before: undefined, network: [] }
    const found = await listCreated(server, all, ({ status }) => status !== 'deleted')
    const accounts = found.map(({ did }) => did)
    if (!dryRun && options['yes'] !== true) {
      throw new UsageError(
        `this changes the DIDs of up to ${accounts.length} accounts: look with --dry-run, then repeat with --yes`,
      )
    }
    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort())
    const { signal } = stop
    const job = { server, perMinute, signal, input, onResult: reporter(invocation, found) }
    const counts = await changeEndpoints(job, accounts)
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0)
    if (done < accounts.length) throw new Error('interrupted; run it again to go on')
    if (counts.failed > 0) process.exitCode = 1
    return { ...(dryRun && { dryRun }), accounts: accounts.length, ...counts }
  },
}

function domainsOf(invocation: Invocation): { fromDomain?: string; toDomain?: string } {
  const rename = textOption(invocation, 'rename')
  if (rename === undefined) return {}
  const [fromDomain = '', toDomain = ''] = rename.toLowerCase().split('=')
  if (!/^(\.[a-z0-9-]+)+$/.test(fromDomain) || !/^(\.[a-z0-9-]+)+$/.test(toDomain)) {
    throw new UsageError('--rename must be like .old.example.com=.new.example.com')
  }
  return { fromDomain, toDomain }
}

/** Prints the accounts that the operator has to look at; elsewhere are those that have moved away. */
function reporter(
  { print, report }: Invocation,
  accounts: readonly { did: string; handle: string }[],
) {
  const handles = new Map(accounts.map(({ did, handle }) => [did, handle]))
  const startedAt = Date.now()
  return (result: EndpointResult, counts: EndpointCounts) => {
    const { account, ...more } = result
    const needsLook = more.result === undefined || more.reason !== undefined
    if (needsLook) print(JSON.stringify({ account, name: handles.get(account), ...more }))
    const { changed, unchanged, elsewhere, impossible, failed } = counts
    const done = changed + unchanged + elsewhere + impossible + failed
    const share = done / accounts.length
    const full = Math.floor(share * BAR_WIDTH)
    const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}]`
    const minutes = Math.ceil(((Date.now() - startedAt) * (1 / share - 1)) / 60_000)
    report(
      `${bar} ${changed} changed, ${unchanged} done before, ${elsewhere} elsewhere, ${impossible} impossible, ${failed} failed of ${accounts.length}, ${minutes} min left`,
    )
  }
}

export const hostnameCommands: readonly Command[] = [change]
