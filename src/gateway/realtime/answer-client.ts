/** Does what the messages of a client ask for. */
import { XrpcError } from '#src/errors.ts'
import { spendTicket } from '#src/gateway/realtime/authenticate-subscriber.ts'
import {
  type ClientMessage,
  parseClientMessage,
  RefusedMessage,
} from '#src/gateway/realtime/client-messages.ts'
import type { OpenedSubscriber, Realtime } from '#src/gateway/realtime/open-realtime.ts'
import { internalError } from '#src/gateway/realtime/subscriber-errors.ts'

/**
 * The returned function answers one message after the other, and does not reject. Text that is not a message ends the connection; a
 * message that cannot be done is refused.
 */
export function clientAnswers(
  realtime: Realtime,
  { subscriber, joined, address }: OpenedSubscriber,
): (text: string) => Promise<void> {
  /** `publish` and `join` count themselves. Throws 429. */
  async function count(): Promise<void> {
    const { countedDid } = subscriber
    if (countedDid !== undefined) await realtime.ports.count('request', countedDid, address)
  }

  async function run(message: ClientMessage): Promise<void> {
    if (message.type !== 'publish' && message.type !== 'join') await count()
    switch (message.type) {
      case 'sub':
        return subscriber.subscribe(message.id, message.request)
      case 'unsub':
        return subscriber.unsubscribe(message.id)
      case 'auth': {
        const credential = await spendTicket(realtime.ports, message.ticket)
        return realtime.subscribers.renew(subscriber, credential)
      }
      case 'publish':
        return joined.publish(message.channel, message.body)
      case 'join':
        return joined.join(message.id, message.channel, message.state)
      case 'leave':
        return joined.leave(message.id)
    }
  }

  function refuse(error: unknown, id: string | undefined): void {
    const isExpected = error instanceof XrpcError
    if (!isExpected) realtime.ports.log.error({ err: error }, 'a realtime message failed')
    const { error: name, message } = isExpected ? error : internalError()
    subscriber.send('refused', { ...(id !== undefined && { id }), error: name, message })
  }

  async function answer(text: string): Promise<void> {
    if (subscriber.ended !== undefined) return
    let message: ClientMessage
    try {
      message = parseClientMessage(text)
    } catch (error) {
      if (error instanceof RefusedMessage) return refuseInvalid(error)
      if (error instanceof XrpcError) return subscriber.end(error)
      return refuse(error, undefined)
    }
    try {
      await run(message)
    } catch (error) {
      if (subscriber.ended === undefined) refuse(error, 'id' in message ? message.id : undefined)
    }
  }

  async function refuseInvalid(error: RefusedMessage): Promise<void> {
    const cause = await count().then(
      () => error,
      (tooMany: unknown) => tooMany,
    )
    if (subscriber.ended === undefined) refuse(cause, error.id)
  }

  return answer
}
