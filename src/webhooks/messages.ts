/**
 * Turns events of the log into webhook messages. The id of a message is made from that of its event, so it is the same for
 * every endpoint and after every repetition.
 */
import { type FrameFields, frameKind, readFrame } from '#src/protocol/frame-reader.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'
import type { EventType } from '#src/webhooks/event-filter.ts'

export interface Message {
  id: string
  /** Of the event in the log. */
  seq: number
  type: EventType
  did: string
  /** ISO 8601. */
  time: string
  /** Besides `did` and `seq`. */
  data: Record<string, unknown>
  /** Of the record, for a message about a commit. */
  collection?: string
}

type Fields = Record<string, unknown>
type TypeAndData = [type: EventType, data: Fields] | undefined

/** Apps choose some of the texts; a message must stay below 20 KB. */
const MAX_TEXT_LENGTH = 4_000

/** In order. Without `withCommits`, commits are not read, which would take most of the time. */
export function messagesOf(
  { events, privateEvents = [] }: { events: readonly LogEvent[]; privateEvents?: PrivateEvent[] },
  { withCommits }: { withCommits: boolean },
): Message[] {
  const messages = events
    .filter(({ frame }) => withCommits || frameKind(frame) !== '#commit')
    .flatMap(ofPublicEvent)
  return [...messages, ...privateEvents.flatMap(ofPrivateEvent)].sort((a, b) => a.seq - b.seq)
}

function ofPublicEvent({ seq, frame }: Pick<LogEvent, 'seq' | 'frame'>): Message[] {
  const fields = readFrame(frame)
  const { kind, did, time } = fields
  if (kind === '#account' && fields.status === 'deleted') {
    return [{ id: `msg_${seq}`, seq, type: 'account.deleted', did, time, data: {} }]
  }
  return kind === '#commit' ? ofCommit(fields, seq) : []
}

const recordTypes: Record<string, EventType> = {
  create: 'record.created',
  update: 'record.updated',
  delete: 'record.deleted',
}

function ofCommit({ did, time, rev, since, ops = [] }: FrameFields, seq: number): Message[] {
  const records = ops.flatMap(({ action, path }, index): Message[] => {
    const type = recordTypes[action]
    if (type === undefined) return []
    const slash = path.indexOf('/')
    const [collection, rkey] = [path.slice(0, slash), path.slice(slash + 1)]
    const data = { uri: `at://${did}/${path}`, collection, rkey, rev }
    return [{ id: `msg_${seq}_${index}`, seq, type, did, time, data, collection }]
  })
  // Only the first commit of an account that was created here has none before it.
  if (since !== undefined) return records
  return [{ id: `msg_${seq}`, seq, type: 'account.created', did, time, data: {} }, ...records]
}

function ofPrivateEvent({ seq, did, kind, time, body }: PrivateEvent): Message[] {
  const built = builders[kind]?.(JSON.parse(body) as Fields, did)
  if (built === undefined) return []
  const [type, data] = built
  return [{ id: `msg_${seq}`, seq, type, did, time, data: shortened(data) }]
}

/** By the `change` of the event. */
const byChange =
  (types: Record<string, EventType>) =>
  ({ change, ...data }: Fields): TypeAndData => {
    const type = types[String(change)]
    return type && [type, data]
  }

const builders: Record<string, (fields: Fields, did: string) => TypeAndData> = {
  '#status': ({ from, to }) => {
    if (to !== 'active') return isStatusType(to) ? [`account.${to}`, { from }] : undefined
    return [from === 'deactivated' ? 'account.activated' : 'account.restored', { from }]
  },
  '#session': byChange({ created: 'session.created', ended: 'session.ended' }),
  '#appPassword': byChange({ created: 'app_password.created', revoked: 'app_password.revoked' }),
  '#grant': byChange({
    created: 'oauth.granted',
    changed: 'oauth.changed',
    revoked: 'oauth.revoked',
  }),
  '#blob': byChange({
    deleted: 'blob.deleted',
    takendown: 'blob.takendown',
    restored: 'blob.restored',
  }),
  '#member': ({ change, did: member, role }) =>
    byChange({
      added: 'group.member_added',
      removed: 'group.member_removed',
      changed: 'group.role_changed',
    })({ change, member, ...(role !== undefined && { role }) }),
  '#email': ({ change }) => ['account.updated', { field: 'email', change }],
  '#security': ({ kind, detail }) => {
    if (kind === 'account claimed') return ['account.claimed', {}]
    if (kind === 'handle changed') return ['account.handle_changed', { handle: detail }]
    if (kind === 'password changed') {
      return ['account.updated', { field: 'password', change: 'changed' }]
    }
    return kind === 'second factor refused' ? ['session.failed', { reason: kind }] : undefined
  },
  '#moderation': ({ subject, takedown }) => {
    const { uri } = subject as { uri?: string }
    if (uri === undefined) return undefined
    return [takedown ? 'record.takendown' : 'record.restored', { uri }]
  },
}

function isStatusType(status: unknown): status is 'deactivated' | 'suspended' | 'takendown' {
  return status === 'deactivated' || status === 'suspended' || status === 'takendown'
}

function shortened(data: Fields): Fields {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => {
      return [name, typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH) : value]
    }),
  )
}
