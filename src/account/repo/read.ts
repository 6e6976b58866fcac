/** getRecord, listRecords and describeRepo: public reads of an active account, and its owner's of one that is paused. */
import { isValidNsid } from '@atproto/syntax'
import type { Reader } from '#src/account/access.ts'
import type { Account } from '#src/account/account.ts'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import { type SmallRecord, type StoredRecord, smallRecords } from '#src/account/stored-records.ts'
import { invalidRequest } from '#src/errors.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { may, mustServe } from '#src/rules/states.ts'

// JSON may be several times as long.
const MAX_LIST_BYTES = 2 * 1024 * 1024

/** Throws 400 RecordNotFound if the record does not exist, or has another CID than `cid`. */
export async function getRecord(
  account: Account,
  input: { collection: string; rkey: string; cid?: string },
  as: Reader = 'anyone',
): Promise<EncodedJson> {
  const { status } = await account.profile.get()
  if (!may(as === 'anyone' ? 'serve' : 'show', status))
    throw invalidRequest('Could not locate record')
  const path = `${input.collection}/${input.rkey}`
  return account.answers.get(`getRecord ${path} ${input.cid ?? ''}`, async () => {
    const record = await account.records.find(path, input.cid)
    if (record === undefined || (await account.takedowns.refOf(path)) !== undefined) {
      throw invalidRequest(`Could not locate record: at://${account.did}/${path}`, 'RecordNotFound')
    }
    return entry(account, record)
  })
}

export async function listRecords(
  account: Account,
  input: { collection: string; limit: number; cursor?: string; reverse?: boolean },
  as: Reader = 'anyone',
): Promise<EncodedJson> {
  const { status } = await account.profile.get()
  if (!may(as === 'anyone' ? 'serve' : 'show', status))
    throw invalidRequest(`Could not find repo: ${account.did}`)
  const { collection, limit, cursor, reverse = false } = input
  return account.answers.get(
    `listRecords ${collection} ${limit} ${cursor ?? ''} ${reverse}`,
    async () => {
      // '0' follows '/' in ASCII: the bounds include every rkey of the collection.
      const low = reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}/`
      const high = !reverse && cursor !== undefined ? `${collection}/${cursor}` : `${collection}0`
      const notTakenDown = (await account.takedowns.mayExist())
        ? 'AND path NOT IN (SELECT path FROM takedown)'
        : ''
      const small = await smallRecords(
        account.sql,
        `SELECT path, cid, value FROM record WHERE path > ? AND path < ? ${notTakenDown} ORDER BY path ${reverse ? 'ASC' : 'DESC'} LIMIT ?`,
        low,
        high,
        limit,
      )
      const rows = await withLargeRecords(account, small)
      const last = rows.at(-1)?.path.slice(collection.length + 1)
      const end = last === undefined ? '' : `,"cursor":${JSON.stringify(last)}`
      return `{"records":[${rows.map((row) => entry(account, row)).join(',')}]${end}}`
    },
  )
}

// The first of these rows that fit into one answer; the rest is for the next page.
async function withLargeRecords(
  account: Account,
  rows: readonly SmallRecord[],
): Promise<StoredRecord[]> {
  const found: StoredRecord[] = []
  let bytes = 0
  for (const { path, cid, value } of rows) {
    const record = value ? { path, cid, value } : await account.records.find(path, cid)
    // Undefined if it was replaced just now.
    if (record === undefined) continue
    bytes += record.value.length
    if (bytes > MAX_LIST_BYTES && found.length > 0) break
    found.push(record)
  }
  return found
}

function entry(account: Account, { path, cid, value }: StoredRecord): string {
  return `{"uri":"at://${account.did}/${path}","cid":"${cid}","value":${recordJson(value)}}`
}

export interface RepoDescription {
  did: string
  handle: string
  collections: string[]
}

/** Without the DID document, which the gateway adds. */
export async function describeRepo(account: Account): Promise<RepoDescription> {
  const { status, handle } = await account.profile.get()
  mustServe(status, account.did)
  const { json } = await account.answers.get('collections', async () =>
    JSON.stringify(await collections(account)),
  )
  return {
    did: account.did,
    handle: handle ?? 'handle.invalid',
    collections: JSON.parse(json) as string[],
  }
}

// Skips from collection to collection: one look-up each, however many records they hold.
async function collections(account: Account): Promise<string[]> {
  const rows = await account.sql.all<{ collection: string }>(
    `WITH RECURSIVE step(path) AS (
       SELECT min(path) FROM record
       UNION ALL
       SELECT (SELECT min(path) FROM record WHERE path > substr(step.path, 1, instr(step.path, '/') - 1) || '0')
       FROM step WHERE step.path IS NOT NULL
     )
     SELECT substr(path, 1, instr(path, '/') - 1) AS collection FROM step WHERE path IS NOT NULL`,
  )
  // A collection may appear twice if another one's name continues it: "a.b-c" sorts before "a.b/". Older releases
  // imported others, which no client could name.
  const names = rows.map(({ collection }) => collection).filter((name) => isValidNsid(name))
  return [...new Set(names)].sort()
}
