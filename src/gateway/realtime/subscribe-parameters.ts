/** The parameters of subscribe and listEvents, validated against the lexicon. */
import type { SubscriptionRequest } from '#src/gateway/realtime/client-messages.ts'
import type { Schema } from '#src/gateway/xrpc/method-schema.ts'
import { normalizeListParams, parseParams } from '#src/gateway/xrpc/validate-call.ts'
import * as lexicon from '#src/protocol/lexicons/dev/headwater/realtime/subscribe.defs.ts'

export interface SubscribeParameters {
  request: SubscriptionRequest
  /** One message for each commit. */
  perCommit: boolean
}

/** `query` is without its `?`. Throws 400 InvalidRequest. */
export function subscribeParameters(query: string): SubscribeParameters {
  const params = parseParams(lexicon.main as unknown as Schema, normalizeListParams(query))
  const {
    events,
    ticket: _,
    ...request
  } = params as SubscriptionRequest & {
    events?: string
    ticket?: string
  }
  return { request, perCommit: events === 'commit' }
}
