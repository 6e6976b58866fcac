/** Settings that the operator changes at run time: text by name. */
import type { Directory } from '#src/directory/open-directory.ts'
import { type HandleDomain, listHandleDomains } from '#src/directory/tenant-domains.ts'

export async function getSetting(
  { sql }: Directory,
  { name }: { name: string },
): Promise<string | null> {
  const row = await sql.first<{ value: string }>('SELECT value FROM setting WHERE name = ?', name)
  return row?.value ?? null
}

/** All that the rules for handles are made of, in one call: a setting, and the domains of tenants. */
export async function getHandleRules(
  directory: Directory,
  { name }: { name: string },
): Promise<{ value: string | null; domains: HandleDomain[] }> {
  const [value, domains] = await Promise.all([
    getSetting(directory, { name }),
    listHandleDomains(directory),
  ])
  return { value, domains }
}

export async function putSetting(
  { lane }: Directory,
  { name, value }: { name: string; value: string },
): Promise<void> {
  const sql = 'INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)'
  const statements = [{ sql, params: [name, value] }]
  await lane.write([`setting ${name}`], async () => ({ answer: undefined, statements }))
}

/** Scans all accounts. */
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
