/** Browsers and token owners of a reference PDS, which the takeover puts into the shards that they belong to. */
import { type AuthorizationShard, writeAndSweep } from '#src/authorization/shard.ts'
import { insertRows, type SqlValue, type Statement } from '#src/ports/sql.ts'

export interface ShardTakeover {
  devices: readonly {
    id: string
    sessionId: string
    userAgent: string | null
    ipAddress: string
    lastSeenAt: number
  }[]
  deviceAccounts: readonly { deviceId: string; did: string }[]
  /** Of token ids and refresh tokens. */
  names: readonly { hash: string; did: string }[]
  /** Of these names, in ms since 1970. */
  expiresAt: number
}

/** At most 1,000 rows of each kind, in place of those with the same ids. Idempotent. */
export async function putTakenOver(
  shard: AuthorizationShard,
  { devices, deviceAccounts, names, expiresAt }: ShardTakeover,
): Promise<void> {
  await writeAndSweep(
    shard,
    'takeover',
    // First, so that the sweep finds the devices linked.
    ...insert(
      'device_account (device_id, did)',
      deviceAccounts.map(({ deviceId, did }) => [deviceId, did]),
    ),
    ...insert(
      'device (id, session_id, user_agent, ip_address, last_seen_at)',
      devices.map(({ id, sessionId, userAgent, ipAddress, lastSeenAt }) => {
        return [id, sessionId, userAgent, ipAddress, lastSeenAt]
      }),
    ),
    ...insert(
      'name (hash, did, expires_at)',
      names.map(({ hash, did }) => [hash, did, expiresAt]),
    ),
  )
}

function insert(into: string, rows: readonly (readonly SqlValue[])[]): Statement[] {
  return rows.length === 0 ? [] : [insertRows(`INSERT OR REPLACE INTO ${into}`, rows)]
}
