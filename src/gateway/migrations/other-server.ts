/** The other server of a move: how it is named, what it says of itself, and a session of the account there. */
import { XrpcError } from '#src/errors.ts'
import { sendInTime } from '#src/gateway/migrations/request-time.ts'
import { type XrpcServer, xrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import { urlRefusal } from '#src/ports/safe-fetch.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'
import type { RequestUpstream } from '#src/ports/upstream.ts'
import { isDid } from '#src/protocol/did.ts'
import { decodeJwtPart } from '#src/protocol/jwt.ts'

export interface ServerDescription {
  /** Without a trailing slash. */
  url: string
  did: string
  /** Each with its leading dot. */
  domains: string[]
  inviteRequired: boolean
}

export interface OtherSession {
  did: string
  handle: string
  email: string | undefined
  accessJwt: string
  refreshJwt: string
}

export interface OtherServerPorts {
  request: RequestUpstream
  privateNetworks: boolean
  clock: { now(): number }
  timer?: Timer
  /** Ends the requests of a move that is stopped. */
  signal?: AbortSignal
}

const MAX_URL_LENGTH = 300
const MAX_DOMAINS = 50
const SOON_MS = 60_000
/** Of each text of a session, which the account stores. */
const MAX_SESSION_TEXT = 10_000
/** While a page waits. */
const DESCRIBE_MS = 15_000

/** The origin of an address as a user types it. Throws 400 InvalidServer. */
export async function parseServerUrl(
  text: string,
  ports: Pick<OtherServerPorts, 'privateNetworks'>,
): Promise<string> {
  const typed = text.trim()
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`
  if (typed === '' || full.length > MAX_URL_LENGTH || !URL.canParse(full)) {
    throw invalidServer('it is not the address of a server')
  }
  const url = new URL(full)
  const refusal = await urlRefusal(url, ports)
  if (refusal !== undefined) throw invalidServer(refusal)
  return url.origin
}

/** The server without a session. */
export function anonymousAt(ports: OtherServerPorts, url: string): XrpcServer {
  return xrpcServer(sendTo(ports, url), async () => undefined)
}

/** With a service token of the account. */
export function withServiceToken(ports: OtherServerPorts, url: string, token: string): XrpcServer {
  return xrpcServer(sendTo(ports, url), async () => `Bearer ${token}`)
}

/** Throws 400 InvalidServer if it is no PDS, or says that it is the one of another host. */
export async function describeServer(
  ports: OtherServerPorts,
  url: string,
): Promise<ServerDescription> {
  const signal = AbortSignal.timeout(DESCRIBE_MS)
  const found = await anonymousAt({ ...ports, signal }, url)
    .query('com.atproto.server.describeServer')
    .catch((error: unknown) => {
      throw error instanceof XrpcError ? invalidServer(error.message) : error
    })
  const { did, availableUserDomains: domains, inviteCodeRequired } = found
  if (typeof did !== 'string' || !isDid(did)) throw invalidServer('it is not an AT Protocol PDS')
  // Else it would be given tokens for that one.
  if (!ports.privateNetworks && isOfOtherHost(did, url)) {
    throw invalidServer(`it says that it is ${did}`)
  }
  const names = Array.isArray(domains) ? domains : []
  return {
    ...{ url, did, inviteRequired: inviteCodeRequired === true },
    domains: names.filter((name) => typeof name === 'string').slice(0, MAX_DOMAINS),
  }
}

/** For a did:web; other DIDs do not name a host. A server may be one of several of its domain. */
function isOfOtherHost(did: string, url: string): boolean {
  const [, host] = /^did:web:([^:%]+)/.exec(did) ?? []
  const { hostname } = new URL(url)
  return host !== undefined && hostname !== host && !hostname.endsWith(`.${host}`)
}

/** Throws 401, AuthFactorTokenRequired if a code by email is needed, and 502 for a session of another account. */
export async function signInAt(
  ports: OtherServerPorts,
  url: string,
  credentials: { did: string; password: string; code?: string | undefined },
): Promise<OtherSession> {
  const { did, password, code } = credentials
  const input = { identifier: did, password, ...(code && { authFactorToken: code }) }
  const answer = await anonymousAt(ports, url).procedure('com.atproto.server.createSession', input)
  return sessionOf(answer, did)
}

/** Of the answer to createSession, createAccount or refreshSession. Throws 502. */
export function sessionOf(answer: Record<string, unknown>, did: string): OtherSession {
  const { accessJwt, refreshJwt, handle, email } = answer
  const isComplete = typeof accessJwt === 'string' && typeof refreshJwt === 'string'
  const isStorable = [accessJwt, refreshJwt, handle, email].every(
    (text) => typeof text !== 'string' || text.length <= MAX_SESSION_TEXT,
  )
  if (answer['did'] !== did || !isComplete || !isStorable) {
    throw new XrpcError(502, 'UpstreamFailure', 'The server began no session of this account')
  }
  return {
    ...{ did, accessJwt, refreshJwt, handle: typeof handle === 'string' ? handle : did },
    email: typeof email === 'string' ? email : undefined,
  }
}

/** The server as the account; `onRefresh` gets each new session, whose predecessor is void. Throws 401 SignIn if it is over. */
export function accountAt(
  ports: OtherServerPorts,
  url: string,
  session: OtherSession,
  onRefresh: (session: OtherSession) => Promise<void>,
): XrpcServer {
  const send = sendTo(ports, url)
  let current = session
  let refreshing: Promise<void> | undefined

  async function refresh(): Promise<void> {
    const { did, refreshJwt } = current
    const answer = await xrpcServer(send, async () => `Bearer ${refreshJwt}`)
      .procedure('com.atproto.server.refreshSession')
      .catch((error: unknown) => {
        if (error instanceof XrpcError && error.status < 500 && error.status !== 429) {
          throw new XrpcError(401, 'SignIn', 'The session at the other server is over')
        }
        throw error
      })
    current = { ...sessionOf(answer, did), email: current.email }
    await onRefresh(current)
  }

  return xrpcServer(send, async (isRefused = false) => {
    if (isRefused || expiresAt(current.accessJwt) < ports.clock.now() + SOON_MS) {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
      })
      await refreshing
    }
    return `Bearer ${current.accessJwt}`
  })
}

function sendTo({ request, clock, timer = systemTimer, signal }: OtherServerPorts, origin: string) {
  return sendInTime({ request, clock, timer, signal }, origin)
}

/** Infinity for a token that does not say it. */
function expiresAt(token: string): number {
  const { exp } = decodeJwtPart(token.split('.')[1] ?? '') ?? {}
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY
}

function invalidServer(message: string): XrpcError {
  return new XrpcError(400, 'InvalidServer', message)
}
