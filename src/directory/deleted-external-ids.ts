/** External ids of deleted accounts, which are never used again. A trigger keeps them (src/directory/schema.ts). */
import type { Directory } from '#src/directory/open-directory.ts'
import { invalidRequest } from '#src/errors.ts'

export const DELETED_ID = 'The account of this external id was deleted'

/** Throws 400 ExternalIdTaken if a deleted account had the id. */
export async function mustNotBeDeletedId(
  { sql }: Directory,
  { tenant, externalId }: { tenant: string; externalId: string },
): Promise<void> {
  const row = await sql.first(
    'SELECT 1 FROM deleted_external_id WHERE tenant = ? AND external_id = ?',
    ...[tenant, externalId],
  )
  if (row !== undefined) throw invalidRequest(DELETED_ID, 'ExternalIdTaken')
}
