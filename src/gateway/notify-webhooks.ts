/** Sends the operator's webhooks what is in no log of events. If there are none, no actor is woken. */
import { randomUUID } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { SERVER_OWNER } from '#src/rules/webhook-owners.ts'
import type { EventType } from '#src/webhooks/event-filter.ts'

export interface WebhookDispatch {
  webhooks(owner: string): { deliveries: Pick<RemoteWebhooks['deliveries'], 'notify'> }
  directory: { webhookOwners: Pick<Dispatch['directory']['webhookOwners'], 'has'> }
}

type RemoteWebhooks = ReturnType<Dispatch['webhooks']>

export async function notifyWebhooks(
  { directory, webhooks }: WebhookDispatch,
  type: EventType,
  data: object,
): Promise<void> {
  if (!(await directory.webhookOwners.has({ owner: SERVER_OWNER }))) return
  const time = new Date().toISOString()
  await webhooks(SERVER_OWNER).deliveries.notify({ id: `msg_${randomUUID()}`, type, time, data })
}
