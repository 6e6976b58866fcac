/** `headwater webhook …`: endpoints that are sent events of all accounts, and what was sent to them. */
import {
  type Command,
  type Invocation,
  integerOption,
  type Option,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'

interface Endpoint {
  id: string
  url: string
  types: string[]
  collections: string[]
  status: string
  disabledReason?: string
  waiting: number
  oldestWaitingAt?: string
  lastSuccessAt?: string
  failingSince?: string
}

interface Delivery {
  id: string
  type: string
  did?: string
  state: string
  eventAt: string
  attempts: number
  nextAttemptAt?: string
  status?: number
  error?: string
}

/** How long a test waits for its answer; a request may take 15 s. */
const TEST_SECONDS = 20

const nsid = (name: string) => `dev.headwater.webhook.${name}`

const filterOptions: Record<string, Option> = {
  types: {
    type: 'string',
    value: 'TYPES',
    help: 'Types of events, separated by commas, such as account.*,session.created',
  },
  collections: {
    type: 'string',
    value: 'NSIDS',
    help: 'Collections for record.*, separated by commas, such as app.bsky.feed.*',
  },
  description: { type: 'string', value: 'TEXT', help: 'A note for people' },
}

const add: Command = {
  name: 'webhook add',
  summary: 'Send events to a URL from now on',
  details:
    'Prints the secret by which messages are signed, once. Without --types: all events but records.',
  operands: '<url>',
  operandCount: [1, 1],
  options: {
    ...filterOptions,
    secret: {
      type: 'string',
      value: 'SECRET',
      help: 'whsec_… (default: a new one); - reads it from standard input',
    },
  },
  async run(invocation) {
    const secret = await secretOption(invocation, 'secret')
    const input = {
      url: invocation.operands[0],
      ...fieldsOf(invocation),
      ...(secret && { secret }),
    }
    const made = await invocation.server.post<{ endpoint: Endpoint; secret: string }>(
      nsid('putEndpoint'),
      input,
    )
    return { ...made.endpoint, secret: made.secret }
  },
}

const update: Command = {
  name: 'webhook update',
  summary: 'Change an endpoint, or enable or disable it',
  operands: '<endpoint>',
  operandCount: [1, 1],
  options: {
    ...filterOptions,
    'new-url': { type: 'string', value: 'URL', help: 'Send to this URL' },
    enable: { type: 'boolean', help: 'Send again, from the event at which it was disabled' },
    disable: { type: 'boolean', help: 'Send nothing' },
  },
  async run(invocation) {
    const { operands, options, server } = invocation
    const [enable, disable] = [options['enable'] === true, options['disable'] === true]
    if (enable && disable) throw new UsageError('--enable and --disable exclude each other')
    const url = textOption(invocation, 'new-url')
    const { endpoint } = await server.post<{ endpoint: Endpoint }>(nsid('putEndpoint'), {
      ...{ id: operands[0], ...fieldsOf(invocation), ...(url !== undefined && { url }) },
      ...((enable || disable) && { enabled: enable }),
    })
    return endpoint
  },
}

const list: Command = {
  name: 'webhook list',
  summary: 'List the endpoints',
  async run({ server, options }) {
    const { endpoints } = await readEndpoints(server)
    if (options['json'] === true) return endpoints
    return endpoints.map((endpoint) => ({
      id: endpoint.id,
      url: endpoint.url,
      types: [...endpoint.types, ...endpoint.collections].join(','),
      status: endpoint.disabledReason ?? endpoint.status,
      waiting: endpoint.waiting,
      failingSince: endpoint.failingSince ?? '',
    }))
  },
}

const show: Command = {
  name: 'webhook show',
  summary: 'Show an endpoint: what it wants, whether it answers, and what waits',
  operands: '<endpoint>',
  operandCount: [1, 1],
  async run({ server, operands }) {
    const { endpoints } = await readEndpoints(server)
    const found = endpoints.find(({ id }) => id === operands[0])
    if (found === undefined) throw new Error(`no such endpoint: ${operands[0]}`)
    return found
  },
}

const test: Command = {
  name: 'webhook test',
  summary: 'Send a message of the type webhook.test, and say how it was answered',
  operands: '<endpoint>',
  operandCount: [1, 1],
  async run({ server, operands: [id], report }) {
    const { messageId } = await server.post<{ messageId: string }>(nsid('testEndpoint'), { id })
    for (let seconds = 0; ; seconds++) {
      const { deliveries } = await server.get<{ deliveries: Delivery[] }>(nsid('listDeliveries'), {
        ...{ id, limit: 100 },
      })
      const made = deliveries.find((one) => one.id === messageId)
      if (made?.state === 'delivered') return made
      if (made !== undefined && made.attempts > 0) {
        throw new Error(`the endpoint refused it: ${made.error ?? `HTTP status ${made.status}`}`)
      }
      if (seconds === TEST_SECONDS) {
        throw new Error('it was not sent yet: other deliveries are under way')
      }
      report('waiting for the answer')
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  },
}

const rotate: Command = {
  name: 'webhook rotate',
  summary: 'Give an endpoint a new secret; the former one stays valid for a while',
  operands: '<endpoint>',
  operandCount: [1, 1],
  options: {
    overlap: { type: 'string', value: 'HOURS', help: 'How long both are valid (default: 24)' },
  },
  async run(invocation) {
    const overlapHours = integerOption(invocation, 'overlap', 24)
    const { endpoint, secret } = await invocation.server.post<{
      endpoint: Endpoint
      secret: string
    }>(nsid('rotateSecret'), { id: invocation.operands[0], overlapHours })
    return { id: endpoint.id, secret }
  },
}

const deliveries: Command = {
  name: 'webhook deliveries',
  summary: 'List what was and will be sent to an endpoint, newest first',
  operands: '<endpoint>',
  operandCount: [1, 1],
  options: {
    state: {
      type: 'string',
      value: 'STATE',
      help: 'Only those that are waiting, delivered, failed',
    },
    limit: { type: 'string', value: 'N', help: 'Maximum number (default: 50)' },
  },
  async run(invocation) {
    const most = integerOption(invocation, 'limit', 50)
    const [id, state] = [invocation.operands[0], textOption(invocation, 'state')]
    const found: Delivery[] = []
    for (let cursor: string | undefined; found.length < most; ) {
      const limit = Math.min(100, most - found.length)
      const page = await invocation.server.get<{ deliveries: Delivery[]; cursor?: string }>(
        nsid('listDeliveries'),
        { id, state, limit, cursor },
      )
      found.push(...page.deliveries)
      cursor = page.cursor
      if (cursor === undefined) break
    }
    if (invocation.options['json'] === true) return found
    return found.map((one) => ({
      id: one.id,
      type: one.type,
      did: one.did ?? '',
      state: one.state,
      attempts: one.attempts,
      answer: one.error ?? one.status ?? '',
      eventAt: one.eventAt,
      nextAttemptAt: one.nextAttemptAt ?? '',
    }))
  },
}

const redeliver: Command = {
  name: 'webhook redeliver',
  summary: 'Send a message again, with the same id',
  operands: '<endpoint> <message>',
  operandCount: [2, 2],
  async run({ server, operands: [id, messageId] }) {
    await server.post(nsid('redeliver'), { id, messageId })
    return { redelivered: messageId }
  },
}

const replay: Command = {
  name: 'webhook replay',
  summary: 'Send all events since a time again, with the same ids',
  operands: '<endpoint> <since>',
  operandCount: [2, 2],
  options: { until: { type: 'string', value: 'TIME', help: 'Only events before this time' } },
  async run(invocation) {
    const [id, since] = invocation.operands as [string, string]
    const until = textOption(invocation, 'until')
    return invocation.server.post(nsid('replay'), {
      ...{ id, since: momentOf(since), ...(until !== undefined && { until: momentOf(until) }) },
    })
  },
}

const remove: Command = {
  name: 'webhook remove',
  summary: 'Delete an endpoint, and what waits for it',
  operands: '<endpoint>',
  operandCount: [1, 1],
  async run({ server, operands: [id] }) {
    await server.post(nsid('deleteEndpoint'), { id })
    return { removed: id }
  },
}

export const webhookCommands: readonly Command[] = [
  ...[add, list, show, update, test, rotate, deliveries, redeliver, replay, remove],
]

function readEndpoints(server: Invocation['server']): Promise<{ endpoints: Endpoint[] }> {
  return server.get<{ endpoints: Endpoint[] }>(nsid('listEndpoints'))
}

function fieldsOf(invocation: Invocation): object {
  const listOf = (name: string) => textOption(invocation, name)?.split(',').filter(Boolean)
  const [types, collections] = [listOf('types'), listOf('collections')]
  const description = textOption(invocation, 'description')
  return {
    ...(types !== undefined && { types }),
    ...(collections !== undefined && { collections }),
    ...(description !== undefined && { description }),
  }
}

/** ISO 8601 of a time, or of a duration before now, such as 2h. */
function momentOf(text: string): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const minutes = { m: 1, h: 60, d: 24 * 60 }[unit ?? 'm']!
  const ms = count === undefined ? Date.parse(text) : Date.now() - Number(count) * minutes * 60_000
  if (Number.isNaN(ms)) throw new UsageError(`not a time: ${text} (2026-01-31T12:00:00Z, or 2h)`)
  return new Date(ms).toISOString()
}
