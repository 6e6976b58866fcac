/** getDiff and getRecordVersions: what records were, as JSON. */
import type { Account } from '#src/account/account.ts'
import type { EncodedJson } from '#src/account/answer-cache.ts'
import { type Change, changesBetween } from '#src/account/history/changes.ts'
import { mustMayReadHistory, mustReach, revAt } from '#src/account/history/moments.ts'
import { findValues, keyOf, type PlacedValue, readValue } from '#src/account/history/values.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Sql } from '#src/ports/sql.ts'
import { recordJson } from '#src/protocol/record-json.ts'
import { tidMicros } from '#src/protocol/tid.ts'
import type { Principal } from '#src/rules/acting-member.ts'
import { isoTime } from '#src/rules/iso-time.ts'

// Of the blocks in one answer; JSON may be several times as long.
const MAX_BYTES = 1024 * 1024

export interface DiffQuery {
  by: Principal
  /** A rev or a time. */
  from: string
  to?: string | undefined
  collection?: string | undefined
  limit: number
  /** The path of the last change of the page before. */
  cursor?: string | undefined
}

/**
 * In the order of paths. A value is left out if it was deleted for good, or is hidden by a moderator. Throws as
 * `mustMayReadHistory`; 400 RevNotAvailable, RangeTooLarge.
 */
export async function getDiff(
  account: Account,
  { by, from, to, collection, limit, cursor = '' }: DiffQuery,
): Promise<EncodedJson> {
  const { since } = await mustMayReadHistory(account, by)
  const first = revAt(from)
  mustReach(first, since)
  const { rev } = await account.lane.head()
  const last = to === undefined ? rev : revAt(to, rev)
  const filter = collection === undefined ? {} : { collections: [collection] }
  const changes = await changesBetween(account, first, last, filter)
  const rest = changes.filter(({ path }) => path > cursor)
  const page = rest.slice(0, limit)
  const values = await visibleValues(account, page)
  const shown: string[] = []
  let bytes = 0
  for (const change of page) {
    const both = [change.from, change.to].map(
      (cid) => (cid && values.get(keyOf(change.path, cid))) || undefined,
    )
    bytes += both.reduce((sum, value) => sum + (value?.size ?? 0), 0)
    if (bytes > MAX_BYTES && shown.length > 0) break
    shown.push(await diffEntry(account, change, both))
  }
  const end = page[shown.length - 1]?.path
  const more = shown.length < rest.length && end !== undefined
  const next = more ? `,"cursor":${JSON.stringify(end)}` : ''
  const revs = `"from":"${first}","to":"${last}","total":${changes.length}`
  return { json: `{${revs},"changes":[${shown.join(',')}]${next}}` }
}

async function visibleValues(
  account: Account,
  changes: readonly { path: string }[],
): Promise<Map<string, PlacedValue>> {
  const paths: string[] = []
  for (const { path } of changes) {
    if ((await account.takedowns.refOf(path)) === undefined) paths.push(path)
  }
  return findValues(account.sql, paths)
}

async function diffEntry(
  { did, sql }: Account,
  { path, from, to }: Change,
  [before, after]: readonly (PlacedValue | undefined)[],
): Promise<string> {
  const action = from === null ? 'create' : to === null ? 'delete' : 'update'
  return `{"uri":"at://${did}/${path}","action":"${action}"${[
    ...(from === null ? [] : [`,"before":{"cid":"${from}"${await valueField(sql, before)}}`]),
    ...(to === null ? [] : [`,"after":{"cid":"${to}"${await valueField(sql, after)}}`]),
  ].join('')}}`
}

async function valueField(
  sql: Sql,
  placed: Pick<PlacedValue, 'id' | 'path' | 'cid'> | undefined,
): Promise<string> {
  const value = placed && (await readValue(sql, placed))
  return value === undefined ? '' : `,"value":${recordJson(value)}`
}

// Of the blocks in one answer with values.
const MAX_VALUE_BYTES = 128 * 1024
const MAX_VALUES = 100

/**
 * What records were, in the order of `items`: JSON, or null if the value was deleted for good, is hidden by a moderator, or
 * is beyond the bound of one answer; and whether they can be restored. For lists. Throws as `mustMayReadHistory`.
 */
export async function readValues(
  account: Account,
  { by, items }: { by: Principal; items: readonly { path: string; cid: string }[] },
): Promise<EncodedJson> {
  await mustMayReadHistory(account, by)
  const asked = items.slice(0, MAX_VALUES)
  const placed = await visibleValues(account, asked)
  const shown: string[] = []
  let bytes = 0
  for (const { path, cid } of asked) {
    const one = placed.get(keyOf(path, cid))
    const isRead = one !== undefined && bytes + one.size <= MAX_VALUE_BYTES
    if (isRead) bytes += one.size
    const value = isRead ? await readValue(account.sql, one) : undefined
    shown.push(value === undefined ? 'null' : recordJson(value))
  }
  const restorable = asked.map(({ path, cid }) => isRestorable(placed.get(keyOf(path, cid))))
  return { json: `{"values":[${shown.join(',')}],"restorable":[${restorable.join(',')}]}` }
}

function isRestorable(placed: PlacedValue | undefined): boolean {
  return placed?.isRestorable === 1
}

interface Version extends Omit<PlacedValue, 'isRestorable'> {
  rev: string
  until: string | null
  hasValue: number
}

/**
 * What the record at a path was, newest first, with the one that is there now. Throws as `mustMayReadHistory`; 400
 * RecordNotFound if a moderator hides it.
 */
export async function getRecordVersions(
  account: Account,
  {
    by,
    collection,
    rkey,
    limit,
    cursor,
  }: {
    by: Principal
    collection: string
    rkey: string
    limit: number
    cursor?: string | undefined
  },
): Promise<EncodedJson> {
  await mustMayReadHistory(account, by)
  const { did, sql, takedowns } = account
  const path = `${collection}/${rkey}`
  if ((await takedowns.refOf(path)) !== undefined) {
    throw invalidRequest(`Could not locate record: at://${did}/${path}`, 'RecordNotFound')
  }
  const rows = await sql.all<Version>(
    `SELECT path, cid, id, rev, until, value IS NOT NULL AS hasValue, coalesce(length(value), 0) AS size
     FROM (SELECT path, cid, NULL AS id, rev, NULL AS until, value FROM record WHERE path = ?1
           UNION ALL SELECT path, cid, id, rev, until, value FROM past_record WHERE path = ?1)
     WHERE rev < ?2 ORDER BY rev DESC LIMIT ?3`,
    // Revs begin with a letter up to j.
    ...[path, cursor ?? 'k', limit],
  )
  const values = await findValues(sql, [path])
  const shown: string[] = []
  let bytes = 0
  for (const row of rows) {
    bytes += row.size
    if (bytes > MAX_BYTES && shown.length > 0) break
    shown.push(await versionEntry(sql, row, isRestorable(values.get(keyOf(path, row.cid)))))
  }
  const isAll = rows.length < limit && shown.length === rows.length
  const next = isAll ? '' : `,"cursor":"${rows[shown.length - 1]?.rev}"`
  return { json: `{"uri":"at://${did}/${path}","versions":[${shown.join(',')}]${next}}` }
}

async function versionEntry(sql: Sql, row: Version, isRestorable: boolean): Promise<string> {
  const { cid, rev, until, hasValue } = row
  const at = (rev: string) => isoTime(Math.floor(tidMicros(rev) / 1000))
  const end = until === null ? '' : `,"until":"${until}","untilAt":"${at(until)}"`
  const value = hasValue ? await valueField(sql, row) : ''
  const head = `"cid":"${cid}","rev":"${rev}","at":"${at(rev)}"${end}`
  return `{${head},"restorable":${isRestorable}${value}}`
}
