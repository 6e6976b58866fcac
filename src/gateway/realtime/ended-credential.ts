/** Whether an event of an account ends or changes a credential by which a connection was opened. */
import { XrpcError } from '#src/errors.ts'
import { notAMember } from '#src/gateway/group/not-a-member.ts'
import type { Credential, MemberRole } from '#src/gateway/realtime/credential.ts'

/** An event of the credential's account: a private one, or `account`. */
export interface EndingEvent {
  /** Without `#`. */
  kind: string
  /** Of private events: the session, grant or app password that it is about. */
  subject?: string | undefined
  /** When the account stored it, by its clock. */
  time: number
  fields: {
    change?: unknown
    kind?: unknown
    status?: unknown
    takedown?: unknown
    subject?: unknown
    role?: unknown
    scope?: unknown
    expiresAt?: unknown
  }
}

/**
 * `ended` and why; `begun` for the event with which the credential's session or grant began: what ended earlier, such as all
 * sessions when the password was changed, did not end this one. `member`: what a member's membership is now.
 */
export type Effect = { ended: XrpcError } | 'begun' | { member: MemberRole } | undefined

export function effectOn(credential: Credential, event: EndingEvent): Effect {
  const { kind, subject, fields } = event
  if (credential.kind === 'admin') return undefined
  if (kind === 'account') return endedByStatus(fields.status)
  // It comes before the end of all sessions that a takedown brings, and before `account`: it says why.
  if (kind === 'moderation') return isTakedownOfAccount(fields) ? { ended: takenDown() } : undefined
  if (credential.kind === 'member') return effectOnMember(credential, event)
  if (kind === 'session' && fields.change === 'ended' && subject === undefined) {
    return fields.kind === 'all' ? { ended: sessionEnded() } : undefined
  }
  if (subject === undefined) return undefined
  if (credential.kind === 'session') {
    const isOwn = subject === credential.sessionId
    if (kind === 'session' && isOwn && fields.change === 'created') return 'begun'
    if (kind === 'session' && isOwn && fields.change === 'ended') return { ended: sessionEnded() }
    const isRevoked = kind === 'appPassword' && fields.change === 'revoked'
    return isRevoked && subject === credential.appPassword ? { ended: sessionEnded() } : undefined
  }
  return credential.kind === 'app' ? effectOnGrant(credential, event) : undefined
}

type MemberCredential = Credential & { kind: 'member' }

/** Ignores events from before the group's answer about the membership and the session, which has them. */
function effectOnMember(credential: MemberCredential, event: EndingEvent): Effect {
  const { member, sessionId } = credential
  const { kind, subject, fields, time } = event
  if (kind === 'grant') return effectOnGrant(credential, event)
  if (time < member.asOf) return undefined
  if (kind === 'member' && subject === member.did) {
    return fields.change === 'removed'
      ? { ended: notAMember() }
      : { member: givenBy(event, member) }
  }
  if (kind === 'role' && fields.role === member.role) {
    return { member: { ...member, scope: String(fields.scope), asOf: time } }
  }
  if (kind === 'appPassword' && fields.change === 'revoked' && subject !== undefined) {
    return subject === credential.appPassword ? { ended: sessionEnded() } : undefined
  }
  const isEnd = kind === 'session' && fields.change === 'ended' && sessionId !== undefined
  const isOwn = subject === undefined ? fields.kind === 'all' : subject === sessionId
  return isEnd && isOwn ? { ended: sessionEnded() } : undefined
}

function givenBy({ fields, time: asOf }: EndingEvent, { did }: MemberRole): MemberRole {
  const { role, scope, expiresAt } = fields
  const endsAt = typeof expiresAt === 'string' ? Date.parse(expiresAt) : undefined
  return { did, role: String(role), scope: String(scope), endsAt, asOf }
}

function effectOnGrant(
  { sessionId }: { sessionId?: string | undefined },
  { kind, subject, fields }: EndingEvent,
): Effect {
  if (kind !== 'grant' || subject === undefined || subject !== sessionId) return undefined
  if (fields.change === 'created') return 'begun'
  return fields.change === 'revoked' ? { ended: sessionEnded() } : undefined
}

/**
 * What the credential is after the events of one account since before it was valid, in order. Throws if it has ended by
 * the last of them that are about it.
 */
export function credentialAfter(
  credential: Credential,
  events: readonly EndingEvent[],
): Credential {
  let current = credential
  let ended: XrpcError | undefined
  for (const event of events) {
    const effect = effectOn(current, event)
    if (effect === undefined) continue
    if (effect === 'begun') ended = undefined
    else if ('ended' in effect) ended = effect.ended
    else if (current.kind === 'member') {
      current = { ...current, member: effect.member }
      // A member that is added again may go on, unless it has a session, which ended with the removal.
      if (event.fields.change === 'added' && current.sessionId === undefined) ended = undefined
    }
  }
  if (ended !== undefined) throw ended
  return current
}

export function statusEnds(status: unknown): XrpcError | undefined {
  const effect = endedByStatus(status)
  return effect?.ended
}

function endedByStatus(status: unknown): { ended: XrpcError } | undefined {
  if (status === 'deleted') return { ended: sessionEnded() }
  if (status !== 'takendown' && status !== 'suspended') return undefined
  return { ended: takenDown() }
}

function isTakedownOfAccount({ takedown, subject }: EndingEvent['fields']): boolean {
  if (takedown !== true || typeof subject !== 'object' || subject === null) return false
  return '$type' in subject && subject.$type === 'com.atproto.admin.defs#repoRef'
}

export function takenDown(): XrpcError {
  return new XrpcError(401, 'AccountTakedown', 'The account has been taken down')
}

export function sessionEnded(): XrpcError {
  return new XrpcError(401, 'SessionEnded', 'The session has ended')
}
