/** A receiver of webhooks, which checks signatures with the library of Standard Webhooks. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

export interface WebhookMessage {
  id: string
  type: string
  data: { seq: number; did?: string; uri?: string; member?: string }
}

export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string
  /** Of the endpoint. A message without a valid signature gets 500, and is not received. */
  secret: string
  /** Every message as it came, repetitions too. */
  readonly received: WebhookMessage[]
  /** Asked for each message; if it answers false, the message is not received and the connection is closed. */
  mayPass: () => boolean
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: WebhookMessage[] = []
  const settings = { secret: '', mayPass: () => true }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (!settings.mayPass()) return void response.destroy()
    const headers = request.headers as Record<string, string>
    try {
      const message = new Webhook(settings.secret).verify(body, headers) as WebhookMessage
      received.push({ ...message, id: headers['webhook-id']! })
      response.writeHead(204).end()
    } catch {
      response.writeHead(500).end()
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(settings, {
    url: `http://127.0.0.1:${port}/`,
    received,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  })
}

/** The messages of a type, each once, in the order in which they came first; all of them without a type. */
export function firstArrivals({ received }: WebhookReceiver, type?: string): WebhookMessage[] {
  const all = new Map<string, WebhookMessage>()
  for (const message of received) {
    if (!all.has(message.id)) all.set(message.id, message)
  }
  return [...all.values()].filter((message) => type === undefined || message.type === type)
}
