/** Whether an event of an account ends a credential, as far as a connection that was opened by it is concerned. */
import { XrpcError } from '#src/errors.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'

/** An event of the credential's account: a private one, or `account`. */
export interface EndingEvent {
  /** Without `#`. */
  kind: string
  /** Of private events: the session, grant or app password that it is about. */
  subject?: string | undefined
  fields: {
    change?: unknown
    kind?: unknown
    status?: unknown
    takedown?: unknown
    subject?: unknown
  }
}

/**
 * `ended` and why; `begun` for the event with which the credential's session or grant began: what ended earlier, such as all
 * sessions when the password was changed, did not end this one.
 */
export type Effect = { ended: XrpcError } | 'begun' | undefined

export function effectOn(credential: Credential, event: EndingEvent): Effect {
  const { kind, subject, fields } = event
  if (credential.kind === 'admin') return undefined
  if (kind === 'account') return endedByStatus(fields.status)
  // It comes before the end of all sessions that a takedown brings, and before `account`: it says why.
  if (kind === 'moderation') return isTakedownOfAccount(fields) ? { ended: takenDown() } : undefined
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
  if (credential.kind !== 'app' || kind !== 'grant') return undefined
  if (subject !== credential.sessionId) return undefined
  if (fields.change === 'created') return 'begun'
  return fields.change === 'revoked' ? { ended: sessionEnded() } : undefined
}

/** Those of one account since before the credential was valid, in order; throws if the last word is that it ended. */
export function mustNotHaveEnded(credential: Credential, events: readonly EndingEvent[]): void {
  let ended: XrpcError | undefined
  for (const event of events) {
    const effect = effectOn(credential, event)
    if (effect === 'begun') ended = undefined
    else if (effect !== undefined) ended = effect.ended
  }
  if (ended !== undefined) throw ended
}

function endedByStatus(status: unknown): Effect {
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
