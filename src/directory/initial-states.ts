/**
 * Initial states of new accounts. A row is inserted, with the sealed signing key, before the DID is published; it is
 * completed when the account is confirmed, and read when the account's actor first wakes. As soon as the account has
 * its own database the row is not needed any more; it is deleted together with the account's reminder.
 */
import type { GroupState, InitialState, NewRecord } from '#src/account/initial-state.ts'
import type { Directory } from '#src/directory/open-directory.ts'
import { tenantHistory } from '#src/directory/tenant-history.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'
import { isoTime } from '#src/rules/iso-time.ts'

export type NewSigningKey = Pick<InitialState, 'signingKey' | 'signingKeyDid'>
type Row = Omit<InitialState, 'deleteAfter' | 'group' | 'records' | 'tenant' | 'history'> & {
  deleteAfter: number | null
  groupState: string | null
  records: string | null
  tenant: string | null
  tenantSettings: string | null
}
export type Confirmation = Pick<InitialState, 'passwordHash' | 'tokenId' | 'createdAt'>

export async function findInitialState(
  { sql }: Directory,
  { did }: { did: string },
): Promise<InitialState | null> {
  const row = await sql.first<Row>(
    `SELECT handle, email, password_hash AS passwordHash, signing_key AS signingKey,
       signing_key_did AS signingKeyDid, token_id AS tokenId, birth.created_at AS createdAt,
       status, delete_after AS deleteAfter, group_state AS groupState, records, tenant,
       (SELECT settings FROM tenant WHERE tenant.id = account.tenant) AS tenantSettings
     FROM birth JOIN account USING (did)
     WHERE did = ? AND reserved_until IS NULL AND status IN ('active', 'deactivated')`,
    did,
  )
  if (row === undefined) return null
  const { deleteAfter, groupState, records, tenant, tenantSettings, ...state } = row
  return {
    ...state,
    deleteAfter: deleteAfter === null ? null : isoTime(deleteAfter),
    ...(tenant !== null && { tenant }),
    ...(tenantSettings !== null && { history: tenantHistory(tenantSettings) }),
    ...(groupState !== null && { group: JSON.parse(groupState) as GroupState }),
    ...(records !== null && { records: JSON.parse(records) as NewRecord[] }),
  }
}

export function insertInitialState(
  did: string,
  { signingKey, signingKeyDid, group }: NewSigningKey & Pick<InitialState, 'group'>,
): Statement {
  const groupState = group === undefined ? null : JSON.stringify(group)
  return {
    sql: `INSERT OR REPLACE INTO birth (did, signing_key, signing_key_did, group_state)
          VALUES (?, ?, ?, ?)`,
    params: [did, signingKey, signingKeyDid, groupState],
  }
}

interface NewInitialState
  extends NewSigningKey,
    Pick<InitialState, 'group'>,
    Partial<Pick<InitialState, 'records'>> {
  did: string
  /** The first operation of the DID, as JSON. */
  genesis?: string
}

export function insertInitialStates(states: readonly NewInitialState[]): Statement {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  return insertRows(
    `INSERT OR REPLACE INTO birth (did, signing_key, signing_key_did, group_state, records, genesis)`,
    states.map(({ did, signingKey, signingKeyDid, group, records, genesis = null }) => {
      return [did, signingKey, signingKeyDid, json(group), json(records), genesis]
    }),
  )
}

export function completeInitialStates(
  confirmations: readonly (Confirmation & { did: string })[],
): Statement {
  return {
    sql: `UPDATE birth SET genesis = NULL, password_hash = new.value ->> 'passwordHash',
            token_id = new.value ->> 'tokenId', created_at = new.value ->> 'createdAt'
          FROM json_each(?) AS new WHERE birth.did = new.value ->> 'did'`,
    params: [JSON.stringify(confirmations)],
  }
}

export function completeInitialState(
  did: string,
  { passwordHash, tokenId, createdAt }: Confirmation,
): Statement {
  return {
    sql: 'UPDATE birth SET password_hash = ?, token_id = ?, created_at = ? WHERE did = ?',
    params: [passwordHash, tokenId, createdAt, did],
  }
}

export function deleteInitialStates(dids: readonly string[]): Statement {
  return {
    sql: 'DELETE FROM birth WHERE did IN (SELECT value FROM json_each(?))',
    params: [JSON.stringify(dids)],
  }
}
