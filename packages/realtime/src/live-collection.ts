/** The records of a collection as a live query. */
import type { CommitEvent } from './events.ts'
import { LiveQuery, type LiveQueryClient } from './live-query.ts'
import { recordOf } from './live-record.ts'
import { type ReadRecord, readCollection } from './repo-reads.ts'
import type { Session } from './session.ts'

export interface CollectionView<Value = Record<string, unknown>> {
  /** Highest record key first: the newest, where record keys are TIDs. */
  records: readonly ReadRecord<Value>[]
}

export type LiveCollection<Value = Record<string, unknown>> = LiveQuery<
  readonly ReadRecord<Value>[],
  CollectionView<Value>
>

export function liveCollection<Value>(
  client: LiveQueryClient,
  session: Session,
  { did, collection, limit }: { did: string; collection: string; limit: number },
): LiveCollection<Value> {
  return new LiveQuery<readonly ReadRecord<Value>[], CollectionView<Value>>(client, {
    did,
    collection,
    read: (signal) => readCollection(session, { did, collection, limit }, signal),
    apply: (records, event) => applied(records, event, limit),
    view: (records) => ({ records }),
  })
}

function applied<Value>(
  records: readonly ReadRecord<Value>[],
  event: CommitEvent,
  limit: number,
): readonly ReadRecord<Value>[] {
  const uri = `at://${event.did}/${event.collection}/${event.rkey}`
  const found = records.findIndex((record) => record.uri <= uri)
  const at = found === -1 ? records.length : found
  const isThere = records[at]?.uri === uri
  const record = recordOf<Value>(event)
  if (record === undefined) return isThere ? records.toSpliced(at, 1) : records
  if (isThere && records[at]!.cid === record.cid) return records
  if (!isThere && at >= limit) return records
  return records.toSpliced(at, isThere ? 1 : 0, record).slice(0, limit)
}
