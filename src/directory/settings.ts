/** What the operator set while the server runs, as text under names; and what must be known before it is changed. */
import type { Directory } from '#src/directory/open-directory.ts'

/** The text under a name; null where nothing was ever set. */
export async function getSetting(
  { sql }: Directory,
  { name }: { name: string },
): Promise<string | null> {
  const row = await sql.first<{ value: string }>('SELECT value FROM setting WHERE name = ?', name)
  return row?.value ?? null
}

export async function putSetting(
  { lane }: Directory,
  { name, value }: { name: string; value: string },
): Promise<void> {
  const sql = 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)'
  const statements = [{ sql, params: [name, value] }]
  await lane.write([`setting ${name}`], async () => ({ answer: undefined, statements }))
}

/** Whether an account has a handle that ends with `suffix`. Looks at every account. */
export async function hasHandlesUnder(
  { sql }: Directory,
  { suffix }: { suffix: string },
): Promise<boolean> {
  const row = await sql.first(
    `SELECT 1 FROM account WHERE substr(handle, -length(?1)) = ?1 AND status <> 'deleted' LIMIT 1`,
    suffix,
  )
  return row !== undefined
}
