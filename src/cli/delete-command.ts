/** `headwater account delete`: deletes an account, or many after one confirmation. */
import {
  type CreatedAccount,
  findNamed,
  listCreated,
  readNames,
} from '#src/cli/accounts-to-delete.ts'
import { bar, minutesLeft } from '#src/cli/bar.ts'
import {
  type Command,
  type Invocation,
  requiredOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { type Ask, mustType, terminalQuestion } from '#src/cli/confirmation.ts'
import { deleteAccounts } from '#src/cli/delete-accounts.ts'
import { perMinuteOf, perMinuteOption } from '#src/cli/per-minute.ts'
import { lookUpDid } from '#src/cli/server-client.ts'
import { parseTime } from '#src/cli/time-argument.ts'

const filters = ['created-after', 'created-before', 'network']

export const deleteCommand: Command = {
  name: 'account delete',
  summary: 'Delete an account with all its data, or many of them',
  details: [
    'This cannot be undone. Many are deleted with --from, or with --created-after, for example those of a flood of bots:',
    'see them with --dry-run first. After Ctrl-C, a failure or a crash, run the command again: it goes on.',
  ].join('\n'),
  operands: '[did-or-handle]',
  operandCount: [0, 1],
  alwaysShowsProgress: true,
  options: {
    from: { type: 'string', value: 'FILE', help: 'File with a DID or a handle on each line' },
    'created-after': {
      type: 'string',
      value: 'TIME',
      help: 'All accounts created at this time or later, such as 2026-06-09T14:00Z, or 2h',
    },
    'created-before': { type: 'string', value: 'TIME', help: 'Of these, those created before' },
    network: {
      type: 'string',
      value: 'RANGES',
      help: 'Of these, those created from these ranges, at least an IPv4 /24 or an IPv6 /48, with commas',
    },
    'dry-run': { type: 'boolean', help: 'Only list them; the list can be used with --from' },
    'per-minute': perMinuteOption('are deleted', ', which relays follow'),
    yes: { type: 'boolean', help: 'Confirm the deletion, instead of typing the answer' },
  },
  async run(invocation) {
    const { operands, options, server } = invocation
    const isFiltered = filters.some((name) => options[name] !== undefined)
    const given = [operands.length > 0, options['from'] !== undefined, isFiltered]
    if (given.filter(Boolean).length !== 1) {
      throw new UsageError('give one of: an account, --from, --created-after')
    }
    if (operands.length === 0) return deleteMany(invocation)
    if (options['dry-run'] === true) throw new UsageError('--dry-run is for many accounts')
    if (options['yes'] !== true) {
      throw new UsageError('this deletes the account and all its data for good: repeat with --yes')
    }
    const did = await lookUpDid(server, operands[0]!)
    await server.post('com.atproto.admin.deleteAccount', { did })
    return { did, deleted: true }
  },
}

async function deleteMany(invocation: Invocation): Promise<unknown> {
  const { options, server } = invocation
  const perMinute = perMinuteOf(invocation)
  const file = textOption(invocation, 'from')
  const found =
    file === undefined ? await findCreated(invocation) : await findNamed(server, readNames(file))
  const accounts = found.map(({ did, handle, createdAt, network, email }) => {
    return { did, handle, createdAt, network, email }
  })
  if (options['dry-run'] === true) return accounts
  if (accounts.length === 0) return { accounts: 0, deleted: 0 }
  await mustConfirm(invocation, accounts.length, terminalQuestion())
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const names = accounts.map(({ did }) => did)
  const job = { server, perMinute, signal: stop.signal, onResult: reporter(invocation, names) }
  const { deleted, gone, failed } = await deleteAccounts(job, names)
  if (failed > 0) throw new Error(`${failed} of ${names.length} accounts were not deleted`)
  if (deleted + gone < names.length) throw new Error('interrupted; run it again to go on')
  return undefined
}

function findCreated(invocation: Invocation): Promise<CreatedAccount[]> {
  const network = textOption(invocation, 'network')?.split(',') ?? []
  const after = parseTime(
    '--created-after',
    requiredOption(invocation, 'created-after'),
    'before now',
  )
  const until = textOption(invocation, 'created-before')
  const before = until && parseTime('--created-before', until, 'before now')
  const filter = { after, before, network: network.map((range) => range.trim()) }
  return listCreated(invocation.server, filter)
}

/** Throws if the answer is not the one to be typed. Exported for tests, which have no terminal. */
export async function mustConfirm(
  { options, server }: Pick<Invocation, 'options' | 'server'>,
  count: number,
  ask: Ask | undefined,
): Promise<void> {
  const what = `this deletes ${count} accounts and all their data for good`
  const expected = `delete ${count} accounts of ${new URL(server.url).host}`
  await mustType({ options }, { what, expected }, ask)
}

function reporter({ print, report }: Invocation, names: readonly string[]) {
  const startedAt = Date.now()
  const total = names.length
  return (result: object, counts: { deleted: number; gone: number; failed: number }) => {
    print(JSON.stringify(result))
    const { deleted, gone, failed } = counts
    const done = deleted + gone + failed
    const minutes = minutesLeft(startedAt, done, total)
    report(
      `${bar(done, total)} ${deleted} deleted, ${gone} gone, ${failed} failed of ${total}, ${minutes} min left`,
    )
  }
}
