/** `headwater webhook …`: endpoints that get the events of all accounts or of a tenant's, and their deliveries. */
import {
  type Command,
  type Invocation,
  integerOption,
  type Option,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { type Delivery, deliveryCommands, nsid } from '#src/cli/webhook-deliveries.ts'

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

/** How long a test waits for the response; a request may take 15 s. */
const TEST_SECONDS = 20

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
      nsid('createEndpoint'),
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
    const { endpoint } = await server.post<{ endpoint: Endpoint }>(nsid('updateEndpoint'), {
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
  summary: 'Show an endpoint: its events, its state, and how many deliveries wait',
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
  summary: 'Send a message of the type webhook.test, and print its result',
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
        throw new Error('it is not sent yet: other deliveries are under way')
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

const remove: Command = {
  name: 'webhook remove',
  summary: 'Delete an endpoint and its deliveries',
  operands: '<endpoint>',
  operandCount: [1, 1],
  async run({ server, operands: [id] }) {
    await server.post(nsid('deleteEndpoint'), { id })
    return { removed: id }
  },
}

export const webhookCommands: readonly Command[] = [
  ...[add, list, show, update, test, rotate, ...deliveryCommands, remove],
].map(ofTenant)

/** With the option --tenant. */
function ofTenant(command: Command): Command {
  const help = "A tenant's endpoints, instead of those of the server"
  return {
    ...command,
    options: { ...command.options, tenant: { type: 'string', value: 'TENANT', help } },
    run(invocation) {
      const tenant = textOption(invocation, 'tenant')
      const server = invocation.server.withHeaders(tenant === undefined ? {} : { tenant })
      return command.run({ ...invocation, server })
    },
  }
}

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
