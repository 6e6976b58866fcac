/** The messages of both Jetstream endpoints as JSON text. */
import type { Encoding, StreamEvent } from '#src/gateway/events/stream-event.ts'

export const SUBSCRIBE_EVENTS = 'network.bsky.jetstream.subscribeEvents'

/** Of `/subscribe`, which has no `#sync`. `time_us` is the seq, which is a time in microseconds. */
export const legacyEncoding: Encoding = {
  encode(event) {
    if (event.isPrivate || event.kind === 'sync') return undefined
    const content = contentOf(event)
    if (content === undefined) return undefined
    const { did, seq, kind } = event
    const value = kind === 'commit' ? `{${content}}` : content
    return `{"did":${JSON.stringify(did)},"time_us":${seq},"kind":"${kind}","${kind}":${value}}`
  },
}

/** Of `subscribeEvents`: event stream framing `xrpc.v1.json`. */
export const eventsEncoding: Encoding = {
  encode(event) {
    const content = event.isPrivate ? undefined : contentOf(event)
    if (content === undefined) return undefined
    const { did, seq, kind } = event
    const value = kind === 'commit' ? content : `"${kind}":${content}`
    return messageOf(
      kind,
      `"seq":${seq},"did":${JSON.stringify(did)},"time":"${timeOf(seq)}",${value}`,
    )
  },
}

export function infoMessage(name: string, message: string): string {
  return messageOf('info', `"name":${JSON.stringify(name)},"message":${JSON.stringify(message)}`)
}

export function errorMessage(error: string, message: string): string {
  return JSON.stringify({ $type: 'error', error, message })
}

function messageOf(name: string, fields: string): string {
  return `{"$type":"message","payload":{"$type":"${SUBSCRIBE_EVENTS}#${name}",${fields}}}`
}

/** What is particular to the kind of event: the fields of a commit, or else an object. */
function contentOf({ did, seq, time, kind, commit, identity, account, sync }: StreamEvent) {
  switch (kind) {
    case 'commit':
      return commit && commitFields(commit)
    case 'identity':
      return JSON.stringify({ did, ...identity, seq, time })
    case 'account':
      return JSON.stringify({ ...account, did, seq, time })
    case 'sync': {
      const blocks = Buffer.from(sync?.blocks ?? [])
        .toString('base64')
        .replace(/=+$/, '')
      return JSON.stringify({ blocks: { $bytes: blocks }, did, rev: sync?.rev, seq, time })
    }
    default:
      return undefined
  }
}

function commitFields(commit: NonNullable<StreamEvent['commit']>): string {
  const { rev, operation, collection, rkey } = commit
  const fields = JSON.stringify({ rev, operation, collection, rkey }).slice(1, -1)
  const record = commit.recordJson()
  return record === undefined ? fields : `${fields},"record":${record},"cid":"${commit.cid}"`
}

/** RFC 3339 with microseconds. */
function timeOf(seq: number): string {
  const iso = new Date(Math.floor(seq / 1000)).toISOString()
  return `${iso.slice(0, -1)}${String(seq % 1000).padStart(3, '0')}Z`
}
