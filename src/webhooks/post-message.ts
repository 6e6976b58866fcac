/** One attempt to deliver a message: a POST, of whose response only the status and Retry-After count. */
import { retryAfterMs } from '#src/webhooks/retries.ts'

export interface SignedMessage {
  url: string
  id: string
  /** Seconds since 1970. */
  timestamp: number
  /** The header webhook-signature. */
  signature: string
  body: string
}

/** `error` says why there is no response. */
export interface Answer {
  status?: number
  retryAfterMs?: number
  error?: string
}

/** Never rejects. */
export type PostMessage = (message: SignedMessage) => Promise<Answer>

const MAX_ERROR_LENGTH = 200

/** `fetch` must refuse private networks and have a timeout. Redirects are not followed. */
export function postMessage(ports: { fetch: typeof globalThis.fetch; now(): number }): PostMessage {
  return async ({ url, id, timestamp, signature, body }) => {
    try {
      const response = await ports.fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Headwater-Webhooks',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': signature,
        },
        body,
      })
      // A response that is neither read nor cancelled keeps its connection.
      await response.body?.cancel().catch(() => {})
      const { status, headers } = response
      const askedMs = retryAfterMs(headers.get('retry-after'), ports.now())
      return { status, ...(askedMs !== undefined && { retryAfterMs: askedMs }) }
    } catch (error) {
      return { error: reasonOf(error) }
    }
  }
}

// It is printed in terminals, so it must not have control characters.
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: Error & { code?: string } }
  if (name === 'AbortError' || name === 'TimeoutError') return 'no answer in time'
  const reason = cause?.code ?? cause?.message ?? message
  return reason.replace(/\p{Cc}/gu, ' ').slice(0, MAX_ERROR_LENGTH)
}
