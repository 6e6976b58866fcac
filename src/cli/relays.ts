/** `headwater relays …`: how relays stand with the server and its accounts, and the request to their operators. */
import {
  type Command,
  type Invocation,
  integerOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { type RelayReport, type RelayRow, requestText } from '#src/protocol/relay-request.ts'

const urlOf = (relay: string) =>
  (relay.includes('://') ? relay : `https://${relay}`).replace(/\/+$/, '')

const list: Command = {
  name: 'relays',
  summary: 'Show how relays stand with this server and its accounts',
  details:
    "The server asks the relays in its PDS_CRAWLERS every few minutes. Past a limit, 100 accounts at first, a relay throttles the others. See also 'relays accounts', 'relays request' and 'relays limit'.",
  async run(invocation) {
    const { relays } = await readReport(invocation)
    if (invocation.options['json'] === true) return relays
    return relays.map((row) => ({
      relay: row.relay,
      status: row.status,
      here: row.accountsHere ?? '?',
      there: row.accountsThere ?? '?',
      asked: row.asked,
      throttled: row.throttled,
      absent: row.absent,
      limit: row.limit ?? '?',
      lag: row.lagSeconds === null ? '?' : `${row.lagSeconds} s`,
      lastAsked: row.lastAsked ?? 'never',
      note: row.error ?? row.warning ?? '',
    }))
  },
}

const request: Command = {
  name: 'relays request',
  summary: "Print the text of a request to a relay's operator, to raise the account limit",
  details: 'Without an operand: for the relays with a warning, or for all if none has one.',
  operands: '[relay-url]',
  operandCount: [0, 1],
  async run(invocation) {
    const report = await readReport(invocation)
    const rows = chosen(report, invocation)
    const texts = rows.map((row) => ({ relay: row.relay, text: requestText(report, row) }))
    if (invocation.options['json'] === true) return texts
    invocation.print(texts.map(({ text }) => text).join('\n\n\n'))
    return undefined
  },
}

const accounts: Command = {
  name: 'relays accounts',
  summary: 'List the accounts that are not active at a relay',
  operands: '<relay-url>',
  operandCount: [1, 1],
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      help: 'Only those that are throttled, absent, unknown, active, …',
    },
    limit: { type: 'string', value: 'N', help: 'Maximum number of accounts (default: 1000)' },
  },
  async run(invocation) {
    const [relay, status] = [urlOf(invocation.operands[0]!), textOption(invocation, 'status')]
    const found = await readPages<{ did: string; handle: string; status: string; askedAt: string }>(
      invocation.server,
      '_admin/relay-accounts',
      'accounts',
      {
        params: { relay, status },
        pageSize: 1_000,
        most: integerOption(invocation, 'limit', 1_000),
      },
    )
    return found.map(({ did, handle, status, askedAt }) => ({ did, handle, status, askedAt }))
  },
}

const limit: Command = {
  name: 'relays limit',
  summary: 'Note how many accounts a relay has granted, for the warning before it is reached',
  operands: '<relay-url> <accounts|none>',
  operandCount: [2, 2],
  async run({ server, operands }) {
    const [relay, text] = operands as [string, string]
    if (text !== 'none' && !/^[1-9]\d{0,8}$/.test(text)) {
      throw new UsageError('the limit must be a number of accounts, or none')
    }
    const limit = text === 'none' ? null : Number(text)
    return server.post('_admin/relay-limit', { relay: urlOf(relay), limit })
  },
}

/** The longer names first. */
export const relayCommands: readonly Command[] = [request, accounts, limit, list]

function readReport({ server }: Invocation): Promise<RelayReport> {
  return server.get<RelayReport>('_admin/relays')
}

function chosen({ relays }: RelayReport, { operands }: Invocation): RelayRow[] {
  if (relays.length === 0) throw new Error('no relay is configured: set PDS_CRAWLERS')
  const [operand] = operands
  if (operand === undefined) {
    const warned = relays.filter(({ warning }) => warning !== undefined)
    return warned.length > 0 ? warned : relays
  }
  const row = relays.find(({ relay }) => relay === urlOf(operand))
  if (row === undefined) throw new Error(`${operand} is not in PDS_CRAWLERS`)
  return [row]
}
