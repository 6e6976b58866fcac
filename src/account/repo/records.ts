/** Record rows, with their backlinks and blob references. */
import type { Account } from '#src/account/account.ts'
import { insertRows, type Statement } from '#src/ports/sql.ts'
import type { BlobRef } from '#src/protocol/record-value.ts'

export interface NewRecord {
  path: string
  cid: string
  block: Uint8Array
  blobs: readonly BlobRef[]
  subjects: readonly string[]
}

export function collectionOf(path: string): string {
  return path.slice(0, path.indexOf('/'))
}

export function backlinkKey(collection: string, subject: string): string {
  return `${collection} ${subject}`
}

/** `updates` if the paths may exist already. */
export function putRecords(
  records: readonly NewRecord[],
  rev: string,
  updates: boolean,
): Statement[] {
  if (records.length === 0) return []
  const rows = records.map(({ path, cid, block }) => [path, cid, rev, block])
  const verb = updates ? 'INSERT OR REPLACE' : 'INSERT'
  return [
    ...(updates ? records.flatMap(({ path }) => dropReferences(path)) : []),
    insertRows(`${verb} INTO record (path, cid, rev, value)`, rows),
    ...references(records),
  ]
}

function references(records: readonly NewRecord[]): Statement[] {
  const blobs = records.flatMap(({ path, blobs }) => blobs.map(({ cid }) => [cid, path]))
  const links = records.flatMap(({ path, subjects }) =>
    subjects.map((subject) => [collectionOf(path), subject, path]),
  )
  return [
    ...(blobs.length === 0
      ? []
      : [insertRows('INSERT OR IGNORE INTO record_blob (blob_cid, path)', blobs)]),
    ...(links.length === 0
      ? []
      : [insertRows('INSERT OR IGNORE INTO backlink (collection, subject, path)', links)]),
  ]
}

export function deleteRecord(path: string, rev: string): Statement[] {
  return [
    { sql: 'DELETE FROM record WHERE path = ?', params: [path] },
    ...dropReferences(path),
    { sql: 'INSERT OR REPLACE INTO tombstone (path, rev) VALUES (?, ?)', params: [path, rev] },
  ]
}

function dropReferences(path: string): Statement[] {
  return [
    { sql: 'DELETE FROM backlink WHERE path = ?', params: [path] },
    { sql: 'DELETE FROM record_blob WHERE path = ?', params: [path] },
  ]
}

export async function backlinksTo(
  account: Account,
  collection: string,
  subject: string,
): Promise<string[]> {
  const rows = await account.sql.all<{ path: string }>(
    'SELECT path FROM backlink WHERE collection = ? AND subject = ?',
    collection,
    subject,
  )
  return rows.map(({ path }) => path)
}
