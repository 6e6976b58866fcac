/** The actions of the webhooks of one owner; nothing else can be called. */
import { type Actions, reads, writes } from '#src/rules/actions.ts'
import * as deliveries from '#src/webhooks/deliveries.ts'
import * as endpoints from '#src/webhooks/endpoints.ts'
import { resume } from '#src/webhooks/webhooks.ts'

export const webhooksActions = {
  endpoints: {
    ...reads({ list: endpoints.list }),
    // The caller makes ids and secrets.
    ...writes({
      create: endpoints.create,
      update: endpoints.update,
      remove: endpoints.remove,
      rotate: endpoints.rotate,
    }),
  },
  deliveries: {
    ...reads({ list: deliveries.list }),
    // A repetition adds no delivery that waits already, and deliveries are made at least once in any case.
    ...writes({
      test: deliveries.test,
      redeliver: deliveries.redeliver,
      replay: deliveries.replay,
      notify: deliveries.notify,
    }),
  },
  feed: writes({ resume }),
} satisfies Actions
export type WebhooksActions = typeof webhooksActions
