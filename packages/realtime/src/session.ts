/** Calls of the server with the app's own session, which adds the credentials and renews them. */
import { RealtimeFailure } from './errors.ts'
import { type ChannelName, GROUP } from './messages.ts'

/** What `AtpAgent`, its `sessionManager`, `CredentialSession` and `OAuthSession` of the official clients are. */
export interface Session {
  /** `path` begins with `/xrpc/`. */
  fetchHandler(path: string, init?: RequestInit): Promise<Response>
  /** The account. */
  readonly did?: string | undefined
  /** Renews the tokens, in a CredentialSession and an OAuthSession; used shortly before they end. */
  refreshSession?(): Promise<unknown>
  getTokenInfo?(refresh: true): Promise<unknown>
}

/** A ticket whose token ends later, as far as the session can renew it. Throws as `call` and as the session does. */
export async function createRenewedTicket(session: Session, signal: AbortSignal): Promise<string> {
  await (session.refreshSession?.() ?? session.getTokenInfo?.(true))
  return createTicket(session, signal)
}

/** A short-lived pass for one connection, since browsers cannot send headers with a WebSocket. Throws as `call`. */
export async function createTicket(session: Session, signal: AbortSignal): Promise<string> {
  const { ticket } = await post<{ ticket: string }>(session, 'createTicket', {}, signal)
  return ticket
}

/** Throws as `call`. */
export async function publish(session: Session, channel: ChannelName, body: unknown) {
  await post(session, 'publish', { channel, body })
}

async function post<T>(session: Session, name: string, input: object, signal?: AbortSignal) {
  const response = await call(session, `/xrpc/${GROUP}.${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
    ...(signal && { signal }),
  })
  return (await response.json()) as T
}

/** Throws a RealtimeFailure for a response that is not 2xx, and what `fetchHandler` throws. */
export async function call(session: Session, path: string, init: RequestInit): Promise<Response> {
  const response = await session.fetchHandler(path, init)
  if (response.ok) return response
  const { error = `Status${response.status}`, message = response.statusText } = await response
    .json()
    .catch(() => ({}))
    .then((body) => body as { error?: string; message?: string })
  throw new RealtimeFailure({ error, message }, response.status)
}

/** Whether a later attempt may succeed: the network, an overloaded server; not what a session or a lexicon forbids. */
export function isTemporary(error: unknown): boolean {
  if (error instanceof RealtimeFailure) {
    const { status = 500 } = error
    return status >= 500 ? status !== 501 : status === 429 || status === 408
  }
  // OAuthSession throws errors with the account in `sub` if its tokens can be renewed no more.
  return !(typeof error === 'object' && error !== null && 'sub' in error)
}

/** An error that is not temporary. What `fetchHandler` throws is that the session can no longer renew its tokens. */
export function asFailure(error: unknown): RealtimeFailure {
  if (error instanceof RealtimeFailure) return error
  const message = error instanceof Error ? error.message : String(error)
  return new RealtimeFailure({ error: 'SessionEnded', message })
}
