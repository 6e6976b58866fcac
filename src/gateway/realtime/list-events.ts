/** listEvents: what subscribe replays, as one answer. */
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { SubscriptionRequest } from '#src/gateway/realtime/client-messages.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import { eventText, visiblePart } from '#src/gateway/realtime/event-text.ts'
import type { ScopeSettings } from '#src/gateway/realtime/may-receive.ts'
import { type RequestPorts, requestedEvents } from '#src/gateway/realtime/requested-events.ts'
import type { SubscriberPorts } from '#src/gateway/realtime/subscriber.ts'
import { tooSlow } from '#src/gateway/realtime/subscriber-errors.ts'

export interface ListEventsPorts extends RequestPorts {
  stream: SubscriberPorts['stream']
}

/** Characters of JSON after which an answer has no further page of the log. */
const MAX_LENGTH = 4_000_000

interface Found {
  /** JSON texts, and the seq of each. */
  texts: { text: string; seq: number }[]
  /** Seq up to which these are all; undefined if there may be more. */
  completeTo: number | undefined
  isOutdated: boolean
}

/**
 * At most `limit` events, or some more if they have the same seq; fewer if they are large. The answer is JSON. Throws as
 * `Subscriber.subscribe`.
 */
export async function listEvents(
  ports: ListEventsPorts,
  credential: Credential,
  { request, limit }: { request: SubscriptionRequest; limit: number },
): Promise<string> {
  const { stream } = ports
  const requested = await requestedEvents(ports, credential, request)
  const { cursor } = request
  const { texts, completeTo, isOutdated } = await new Promise<Found>((resolve, reject) => {
    const found: Found = { texts: [], completeTo: undefined, isOutdated: false }
    let length = 0
    const end = (completeTo?: number) => {
      subscription.close()
      resolve({ ...found, completeTo })
    }
    const subscription = stream.subscribe({
      ...{ filter: requested.filter, includePrivate: requested.includePrivate },
      after: cursor ?? 0,
      sink: {
        send({ events }) {
          for (const event of events) {
            const text =
              event.seq > (cursor ?? 0) ? visibleText(event, credential, ports) : undefined
            if (text === undefined) continue
            found.texts.push({ text, seq: event.seq })
            length += text.length
          }
          if (found.texts.length < limit && length < MAX_LENGTH) return true
          end()
          return false
        },
        onCaughtUp: end,
        onGap: () => {
          found.isOutdated = cursor !== undefined
        },
        onTooSlow: () => reject(tooSlow()),
        onError: reject,
      },
    })
  })
  const isCut = texts.length > limit
  const lastSeq = texts[limit - 1]?.seq
  const page = isCut ? texts.filter(({ seq }, i) => i < limit || seq === lastSeq) : texts
  const isComplete = completeTo !== undefined && page.length === texts.length
  const next = isComplete ? completeTo : (page.at(-1)?.seq ?? cursor ?? 0)
  const rest = JSON.stringify({ cursor: next, isComplete, ...(isOutdated && { outdated: true }) })
  return `{"events":[${page.map(({ text }) => text).join(',')}],${rest.slice(1)}`
}

/** Undefined if the credential may not receive it. */
function visibleText(
  event: StreamEvent,
  credential: Credential,
  settings: ScopeSettings,
): string | undefined {
  if (!event.isPrivate) return eventText(event)
  const fields = visiblePart(event, credential, settings)
  return fields && eventText(event, { fields })
}
