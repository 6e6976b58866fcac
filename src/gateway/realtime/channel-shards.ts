/** Maps channels to the shards of their actor by the account that they belong to. */
import { createHash } from 'node:crypto'
import type { Channel } from '#src/channels/channels.ts'

/** All gateways must agree on it. Nothing is stored by it. */
const CHANNEL_SHARDS = 4

export function channelShardOf({ did }: Pick<Channel, 'did'>): string {
  return String(createHash('sha256').update(did).digest()[0]! % CHANNEL_SHARDS)
}
