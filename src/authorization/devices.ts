/** Browsers, each in the shard of its id, with the accounts that may be signed in on it. */
import {
  type AuthorizationShard,
  evictUnlinkedDevices,
  sweepIfDue,
  writeAndSweep,
} from '#src/authorization/shard.ts'
import type { SqlValue } from '#src/ports/sql.ts'

/** `sessionId` is the second half of the cookie, which the OAuth library rotates. */
export interface Device {
  sessionId: string
  userAgent: string | null
  ipAddress: string
  lastSeenAt: number
}

const columns: Record<keyof Device, string> = {
  sessionId: 'session_id',
  userAgent: 'user_agent',
  ipAddress: 'ip_address',
  lastSeenAt: 'last_seen_at',
}

/**
 * Throws 429 if too many new browsers are of this address: they would push out those of others. Usually resolves before
 * the device is stored, because its page need not wait. A browser whose row is lost gets another one with its next
 * page, and the sign-in that it began has to be started again at the app.
 */
export async function createDevice(
  shard: AuthorizationShard,
  { id, address, ...device }: Device & { id: string; address?: string | undefined },
): Promise<void> {
  shard.shares.devices.add(address, shard.clock.now())
  const { sessionId, userAgent, ipAddress, lastSeenAt } = device
  const stored = shard.lane.write([id], async (now) => ({
    answer: undefined,
    statements: [
      ...evictUnlinkedDevices(shard, await shard.limits.devices.add(shard), address),
      {
        sql: `INSERT OR IGNORE INTO device (id, session_id, user_agent, ip_address, last_seen_at)
              VALUES (?, ?, ?, ?, ?)`,
        params: [id, sessionId, userAgent, ipAddress, lastSeenAt],
      },
      ...sweepIfDue(shard, now),
    ],
  }))
  const held = stored.then(() => shard.held.devices.add(id, address, shard.clock.now()))
  return shard.unstored.devices.add(id, held)
}

export async function readDevice(
  { sql, unstored }: AuthorizationShard,
  { id }: { id: string },
): Promise<Device | null> {
  await unstored.devices.settled(id)
  const selected = Object.entries(columns).map(([field, column]) => `${column} AS ${field}`)
  const found = await sql.first<Device>(
    `SELECT ${selected.join(', ')} FROM device WHERE id = ?`,
    id,
  )
  return found ?? null
}

export async function updateDevice(
  shard: AuthorizationShard,
  { id, ...changes }: Partial<Device> & { id: string },
): Promise<void> {
  const entries = Object.entries(changes) as [keyof Device, SqlValue][]
  if (entries.length === 0) return
  await writeAndSweep(shard, id, {
    sql: `UPDATE device SET ${entries.map(([field]) => `${columns[field]} = ?`).join(', ')} WHERE id = ?`,
    params: [...entries.map(([, value]) => value), id],
  })
}

export async function removeDevice(
  shard: AuthorizationShard,
  { id }: { id: string },
): Promise<void> {
  shard.held.devices.remove(id)
  await writeAndSweep(
    shard,
    id,
    { sql: 'DELETE FROM device WHERE id = ?', params: [id] },
    { sql: 'DELETE FROM device_account WHERE device_id = ?', params: [id] },
  )
}

export async function setDeviceAccount(
  shard: AuthorizationShard,
  { id, did, signedIn }: { id: string; did: string; signedIn: boolean },
): Promise<void> {
  // A browser with an account stays.
  if (signedIn) shard.held.devices.remove(id)
  const sql = signedIn
    ? 'INSERT OR IGNORE INTO device_account (device_id, did) VALUES (?, ?)'
    : 'DELETE FROM device_account WHERE device_id = ? AND did = ?'
  await writeAndSweep(shard, id, { sql, params: [id, did] })
}

/** `dids` are candidates: each account knows whether it is signed in. */
export async function readDeviceWithAccounts(
  shard: AuthorizationShard,
  { id }: { id: string },
): Promise<{ device: Device; dids: string[] } | null> {
  const device = await readDevice(shard, { id })
  if (device === null) return null
  const rows = await shard.sql.all<{ did: string }>(
    'SELECT did FROM device_account WHERE device_id = ? ORDER BY did',
    id,
  )
  return { device, dids: rows.map(({ did }) => did) }
}
