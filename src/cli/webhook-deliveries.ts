/** `headwater webhook deliveries`, `redeliver` and `replay`: what was sent, and sending it again. */
import { type Command, integerOption, textOption } from '#src/cli/command.ts'
import { readPages } from '#src/cli/read-pages.ts'
import { parseTime } from '#src/cli/time-argument.ts'

export interface Delivery {
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

export const nsid = (name: string) => `dev.headwater.webhook.${name}`

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
    const [id, state] = [invocation.operands[0], textOption(invocation, 'state')]
    const { server } = invocation
    const found = await readPages<Delivery>(server, nsid('listDeliveries'), 'deliveries', {
      params: { id, state },
      most: integerOption(invocation, 'limit', 50),
    })
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
      ...{ id, since: parseTime('since', since, 'before now') },
      ...(until !== undefined && { until: parseTime('--until', until, 'before now') }),
    })
  },
}

export const deliveryCommands: readonly Command[] = [deliveries, redeliver, replay]
