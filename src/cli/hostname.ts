/** `headwater hostname change`: changes the DIDs of all accounts after the server got a new host name. */
import { listCreated } from '#src/cli/accounts-to-delete.ts'
import { bar, minutesLeft } from '#src/cli/bar.ts'
import {
  changeEndpoints,
  type EndpointCounts,
  type EndpointResult,
} from '#src/cli/change-endpoints.ts'
import {
  type Command,
  type Invocation,
  requiredOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { perMinuteOf, perMinuteOption } from '#src/cli/per-minute.ts'
import { serverUrl } from '#src/cli/server-url.ts'

const change: Command = {
  name: 'hostname change',
  summary:
    'Change the URL of this server in the DIDs of its accounts, after PDS_HOSTNAME was changed',
  details: [
    'The server must already run under its new name, and answer at the old one, too, until this is done. Accounts whose DIDs',
    'cannot be changed are listed with the reason. After Ctrl-C, a failure or a crash, run the command again: it goes on.',
  ].join('\n'),
  alwaysShowsProgress: true,
  options: {
    from: { type: 'string', value: 'URL', help: 'The URL before, such as https://old.example.com' },
    rename: {
      type: 'string',
      value: 'OLD=NEW',
      help: 'Also change handles, such as .old.example.com=.new.example.com (default: they stay)',
    },
    'dry-run': { type: 'boolean', help: 'Only show what would be changed, and what cannot be' },
    'per-minute': perMinuteOption('are changed', ', which relays follow'),
    yes: { type: 'boolean', help: 'Confirm the change' },
  },
  async run(invocation) {
    const { options, server, report } = invocation
    const perMinute = perMinuteOf(invocation)
    const dryRun = options['dry-run'] === true
    const from = serverUrl(requiredOption(invocation, 'from'))
    const input = { from, ...renamedDomains(invocation), dryRun }
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

function renamedDomains(invocation: Invocation): { fromDomain?: string; toDomain?: string } {
  const rename = textOption(invocation, 'rename')
  if (rename === undefined) return {}
  const [fromDomain = '', toDomain = ''] = rename.toLowerCase().split('=')
  if (!/^(\.[a-z0-9-]+)+$/.test(fromDomain) || !/^(\.[a-z0-9-]+)+$/.test(toDomain)) {
    throw new UsageError('--rename must be like .old.example.com=.new.example.com')
  }
  return { fromDomain, toDomain }
}

/** Prints the accounts that need the operator's attention. Those that are elsewhere have moved away. */
function reporter(
  { print, report }: Invocation,
  accounts: readonly { did: string; handle: string }[],
) {
  const handles = new Map(accounts.map(({ did, handle }) => [did, handle]))
  const startedAt = Date.now()
  const total = accounts.length
  return (result: EndpointResult, counts: EndpointCounts) => {
    const { account, ...more } = result
    const needsAttention = more.result === undefined || more.reason !== undefined
    if (needsAttention) print(JSON.stringify({ account, name: handles.get(account), ...more }))
    const { changed, unchanged, elsewhere, impossible, failed } = counts
    const done = changed + unchanged + elsewhere + impossible + failed
    const minutes = minutesLeft(startedAt, done, total)
    report(
      `${bar(done, total)} ${changed} changed, ${unchanged} done before, ${elsewhere} elsewhere, ${impossible} impossible, ${failed} failed of ${total}, ${minutes} min left`,
    )
  }
}

export const hostnameCommands: readonly Command[] = [change]
