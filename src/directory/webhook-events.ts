/**
 * Events for webhooks that are in no log of an account: of jobs, quotas, invites and tenants. A row is stored in the
 * transaction of what it is about, if its owner has webhooks, and stays until these have it. Processes with actors pass
 * the rows on (`actors/wake-webhooks.ts`), each at least once; the id of the message is the same each time.
 */
import type { Directory } from '#src/directory/open-directory.ts'
import { settingOf } from '#src/directory/webhook-owners.ts'
import type { Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { SERVER_OWNER, tenantOwner } from '#src/rules/webhook-owners.ts'

export interface WebhookEvent {
  /** Of the row. */
  row: number
  owner: string
  /** Of the message. */
  id: string
  type: string
  /** ISO 8601. */
  time: string
  data: object
}

/** The oldest above it are dropped. */
export const MAX_EVENTS_OF_OWNER = 1_000

type TenantEventType =
  | 'invite.used'
  | 'job.finished'
  | 'quota.warning'
  | 'tenant.suspended'
  | 'tenant.restored'

interface TenantEvent {
  tenant: string
  /** The rest of the message's id: letters, digits, `_` and `-`. An event with the id of one that waits is dropped. */
  id: string
  type: TenantEventType
  /** Besides `tenant`. */
  data: object
}

/** For the webhooks of the tenant and of the server. Run it in the transaction of what happened. */
export function addTenantEvent({ tenant, id, type, data }: TenantEvent, now: number): Statement[] {
  const values = [`msg_${id}`, type, isoTime(now), JSON.stringify({ tenant, ...data })]
  return [SERVER_OWNER, tenantOwner(tenant)].flatMap((owner) => [
    {
      sql: `INSERT OR IGNORE INTO webhook_event (owner, message, type, time, data)
            SELECT ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM setting WHERE name = ?)`,
      params: [owner, ...values, settingOf(owner)],
    },
    {
      sql: `DELETE FROM webhook_event WHERE owner = ?1 AND id <=
              (SELECT id FROM webhook_event WHERE owner = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
      params: [owner, MAX_EVENTS_OF_OWNER],
    },
  ])
}

/** In order, after the row `after`. */
export async function listWebhookEvents(
  { sql }: Directory,
  { after = 0, limit }: { after?: number; limit: number },
): Promise<WebhookEvent[]> {
  const rows = await sql.all<Omit<WebhookEvent, 'data'> & { data: string }>(
    `SELECT id AS row, owner, message AS id, type, time, data FROM webhook_event
     WHERE webhook_event.id > ? ORDER BY webhook_event.id LIMIT ?`,
    ...[after, limit],
  )
  return rows.map(({ data, ...row }) => ({ ...row, data: JSON.parse(data) as object }))
}

/** Call it when the webhooks have them. Idempotent. */
export async function removeWebhookEvents(
  { lane }: Directory,
  { events }: { events: readonly { row: number; id: string }[] },
): Promise<void> {
  // A row number may be used again.
  const statements = events.map(({ row, id }) => ({
    sql: 'DELETE FROM webhook_event WHERE id = ? AND message = ?',
    params: [row, id],
  }))
  await lane.write(['webhook events'], async () => ({ answer: undefined, statements }))
}
