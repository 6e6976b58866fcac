/** The text of an event: the payload of its message. */
import type { Encoding, StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  missingScope,
  type PrivateFields,
  type PrivateKind,
  type ScopeSettings,
  visibleFields,
} from '#src/gateway/realtime/may-receive.ts'
import { messageFrame } from '#src/gateway/realtime/message-text.ts'
import { SUBSCRIBE } from '#src/protocol/realtime-names.ts'

/** What differs between subscribers: the subscriptions that it is for, and what they may see of a private event. */
export interface TextOptions {
  ids?: readonly string[] | undefined
  fields?: PrivateFields | undefined
}

/** For all subscribers without named subscriptions. Private events are not among them. */
export const publicEncoding: Encoding = {
  encode: (event) => (event.isPrivate ? undefined : messageFrame(eventText(event))),
}

export function eventText(event: StreamEvent, { ids, fields }: TextOptions = {}): string {
  const { kind, seq, did, time } = event
  return withIds(`${head(kind, { seq, did, time })}${fieldsText(event, fields)}`, ids)
}

/** The operations of one commit as one event, whose seq is that of the last of them. */
export function commitText(operations: readonly StreamEvent[], { ids }: TextOptions = {}): string {
  const { seq, did, time, commit } = operations.at(-1)!
  const { rev, commitCid } = commit!
  const ops = operations.map((event) => `{${operationText(event)}}`).join(',')
  const fields = JSON.stringify({ rev, ...(commitCid && { cid: commitCid }) }).slice(1, -1)
  return withIds(`${head('commit', { seq, did, time })},${fields},"ops":[${ops}]`, ids)
}

/** Without the closing brace. */
function head(kind: string, fields: object): string {
  return JSON.stringify({ $type: `${SUBSCRIBE}#${kind}`, ...fields }).slice(0, -1)
}

function withIds(open: string, ids: readonly string[] | undefined): string {
  return ids === undefined ? `${open}}` : `${open},"ids":${JSON.stringify(ids)}}`
}

/** Begins with a comma unless there are none. */
function fieldsText(event: StreamEvent, visible: PrivateFields | undefined): string {
  const { commit, identity, account, sync } = event
  if (commit !== undefined) return `,"rev":${JSON.stringify(commit.rev)},${operationText(event)}`
  const fields = visible ?? identity ?? account ?? (sync && { rev: sync.rev }) ?? {}
  const text = JSON.stringify(fields).slice(1, -1)
  return text === '' ? '' : `,${text}`
}

function operationText({ commit }: StreamEvent): string {
  const { operation, collection, rkey, cid } = commit!
  const fields = JSON.stringify({ operation, collection, rkey, ...(cid && { cid }) }).slice(1, -1)
  const record = commit!.recordJson()
  return record === undefined ? fields : `${fields},"record":${record}`
}

/** The fields of a private event that the credential may see, if it may receive it. */
export function visiblePart(
  { kind, did, body }: StreamEvent,
  credential: Credential,
  settings: ScopeSettings,
): PrivateFields | undefined {
  const privateKind = kind as PrivateKind
  // An account that is not the caller's own.
  if (missingScope(privateKind, credential, did, settings) !== undefined) return undefined
  const fields = JSON.parse(body ?? '{}') as PrivateFields
  return visibleFields(privateKind, fields, credential, settings)
}
