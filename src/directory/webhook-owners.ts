/**
 * Who has webhooks: their actors are woken after a restart, since no call wakes them. They are rows of the settings, of
 * which there are few, and which are read by name.
 */
import type { Directory } from '#src/directory/open-directory.ts'

const PREFIX = 'webhooks of '

/** The setting by which an owner is listed. */
export const settingOf = (owner: string) => `${PREFIX}${owner}`

/** In order; `after` is the last of the page before. */
export async function listWebhookOwners(
  { sql }: Directory,
  { after = '', limit }: { after?: string; limit: number },
): Promise<string[]> {
  const rows = await sql.all<{ name: string }>(
    'SELECT name FROM setting WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3',
    ...[`${PREFIX}${after}`, PREFIX, limit],
  )
  return rows.map(({ name }) => name.slice(PREFIX.length))
}

export async function hasWebhooks(
  { sql }: Pick<Directory, 'sql'>,
  { owner }: { owner: string },
): Promise<boolean> {
  return (await sql.first('SELECT 1 FROM setting WHERE name = ?', settingOf(owner))) !== undefined
}

/** Idempotent. */
export async function setWebhookOwner(
  { sql, lane }: Directory,
  { owner, isListed }: { owner: string; isListed: boolean },
): Promise<void> {
  const name = settingOf(owner)
  if ((await hasWebhooks({ sql }, { owner })) === isListed) return
  const statement = isListed
    ? { sql: "INSERT OR REPLACE INTO setting (name, value) VALUES (?, '')", params: [name] }
    : { sql: 'DELETE FROM setting WHERE name = ?', params: [name] }
  await lane.write([`setting ${name}`], async () => ({
    answer: undefined,
    statements: [statement],
  }))
}
