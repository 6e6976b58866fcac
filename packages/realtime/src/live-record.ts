/** A record as a live query. */
import type { CommitEvent } from './events.ts'
import { LiveQuery, type LiveQueryClient } from './live-query.ts'
import { type ReadRecord, readRecord } from './repo-reads.ts'
import type { Session } from './session.ts'

export interface RecordView<Value = Record<string, unknown>> {
  uri: string
  /** Both undefined if there is no such record (now). */
  cid: string | undefined
  value: Value | undefined
}

export type LiveRecord<Value = Record<string, unknown>> = LiveQuery<
  ReadRecord<Value> | undefined,
  RecordView<Value>
>

/** Throws a TypeError if the URI is not `at://<did>/<collection>/<rkey>`. */
export function liveRecord<Value>(
  client: LiveQueryClient,
  session: Session,
  uri: string,
): LiveRecord<Value> {
  const parts = /^at:\/\/(did:[^/]+)\/([^/]+)\/([^/?#]+)$/.exec(uri)
  if (parts === null) throw new TypeError(`not at://<did>/<collection>/<rkey>: ${uri}`)
  const [, did, collection, rkey] = parts as unknown as [string, string, string, string]
  return new LiveQuery<ReadRecord<Value> | undefined, RecordView<Value>>(client, {
    did,
    collection,
    read: (signal) => readRecord(session, { did, collection, rkey }, signal),
    apply: (state, event) => (event.rkey === rkey ? recordOf(event) : state),
    view: (state) => ({ uri, cid: state?.cid, value: state?.value }),
  })
}

/** The record after the event; undefined if that deleted it. */
export function recordOf<Value>({ did, collection, rkey, cid, record }: CommitEvent) {
  if (record === undefined) return undefined
  return { uri: `at://${did}/${collection}/${rkey}`, cid: cid ?? '', value: record as Value }
}
