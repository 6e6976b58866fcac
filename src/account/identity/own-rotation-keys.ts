/** The rotation keys that the owner has added on the account pages, so that these can tell them from those of others. */
import type { Account } from '#src/account/account.ts'
import { mustManage } from '#src/rules/states.ts'

/** More than a did:plc can have at once. */
const MAX_KEYS = 20

export async function listOwnRotationKeys({
  sql,
}: Account): Promise<{ key: string; addedAt: number }[]> {
  return sql.all('SELECT key, added_at AS addedAt FROM rotation_key ORDER BY added_at DESC')
}

/** Notes a did:key before it is published; the oldest is forgotten if there are too many. */
export async function noteRotationKey(account: Account, { key }: { key: string }): Promise<void> {
  mustManage((await account.profile.get()).status)
  await account.sql.batch([
    {
      sql: 'INSERT OR REPLACE INTO rotation_key (key, added_at) VALUES (?, ?)',
      params: [key, account.clock.now()],
    },
    {
      sql: `DELETE FROM rotation_key
            WHERE key NOT IN (SELECT key FROM rotation_key ORDER BY added_at DESC LIMIT ?)`,
      params: [MAX_KEYS],
    },
  ])
}
