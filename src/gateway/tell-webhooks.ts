/** Tells the operator's webhooks of what is in no log of events. Nothing is woken if there are none. */
import { randomUUID } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { SERVER_OWNER } from '#src/rules/webhook-owners.ts'
import type { EventType } from '#src/webhooks/event-filter.ts'

export interface WebhookDispatch {
  webhooks(owner: string): { deliveries: Pick<RemoteWebhooks['deliveries'], 'tell'> }
  directory: { webhookOwners: Pick<Dispatch['directory']['webhookOwners'], 'has'> }
}

type RemoteWebhooks = ReturnType<Dispatch['webhooks']>

export async function tellWebhooks(
  { directory, webhooks }: WebhookDispatch,
  type: EventType,
  data: object,
): Promise<void> {
  if (!(await directory.webhookOwners.has({ owner: SERVER_OWNER }))) return
  const time = new Date().toISOString()
  await webhooks(SERVER_OWNER).deliveries.tell({ id: `msg_${randomUUID()}`, type, time, data })
}
