/**
 * Event streams of pages: opened with the browser's session, fed by the realtime events of what the page is about, and ended
 * with the session, or with the membership of a member of a group.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { forbidden, XrpcError } from '#src/errors.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import type { SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'
import type { Fragment } from '#src/gateway/pages/live/fragments.ts'
import { PageStream, type PageStreamPorts } from '#src/gateway/pages/live/page-stream.ts'
import type { PageToken } from '#src/gateway/pages/page-session.ts'
import type { SubscriptionRequest } from '#src/gateway/realtime/client-messages.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import type { Realtime } from '#src/gateway/realtime/open-realtime.ts'
import type { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

export interface LivePage {
  /** Of a session that was checked just now, at `validAt`. */
  pageToken: PageToken
  validAt: number
  /** Whose events say that the page has changed; without it, the session's own. */
  source?: { credential: Credential; request: SubscriptionRequest } | undefined
  render(): Promise<readonly Fragment[]>
  everyMs?: number | undefined
}

export interface PageStreams {
  /** The position up to which a page that is read now has everything; undefined if it is not known. */
  readonly position: number | undefined
  /** Throws 403 for a page of another site, 429, 503. */
  open(c: Context<Env>, page: LivePage): Promise<Response>
}

interface PageStreamsPorts extends PageStreamPorts {
  realtime: Pick<Realtime, 'open'> & {
    ports: { stream: Pick<Realtime['ports']['stream'], 'ready' | 'head'> }
  }
  places: Pick<SubscriberPlaces, 'take'>
  addressOf: FindClientAddress
  onEventStream?(request: IncomingMessage): void
}

/** Of one browser's session. */
const MAX_STREAMS = 8
/** Then the browser opens the stream again, and the session is asked of the account. */
const LIFETIME_MS = 10 * 60_000

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

export function openPageStreams(ports: PageStreamsPorts): PageStreams {
  const { realtime, places, addressOf } = ports
  const bySession = new Map<string, number>()

  function takePlace(sessionId: string, address: string): () => void {
    const open = bySession.get(sessionId) ?? 0
    if (open >= MAX_STREAMS) {
      throw new XrpcError(429, 'TooManySubscriptions', `At most ${MAX_STREAMS} pages are live`)
    }
    const leave = places.take(address)
    bySession.set(sessionId, open + 1)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      leave()
      const left = (bySession.get(sessionId) ?? 1) - 1
      if (left > 0) bySession.set(sessionId, left)
      else bySession.delete(sessionId)
    }
  }

  return {
    get position() {
      const { head } = realtime.ports.stream
      return head > 0 ? head : undefined
    },
    async open(c, { pageToken, validAt, source, render, everyMs }) {
      if ((c.req.header('sec-fetch-site') ?? 'same-origin') !== 'same-origin') {
        throw forbidden('The page is of another site')
      }
      const incoming = c.env?.incoming
      const address = incoming === undefined ? '' : addressOf(incoming)
      await realtime.ports.stream.ready()
      const sessionId = pageSessionId(pageToken.token)
      const leave = takePlace(sessionId, address)
      const stream = new PageStream(ports, { render, everyMs })
      const subscribers: Subscriber[] = []
      stream.onClose = () => {
        for (const subscriber of subscribers) subscriber.close()
        leave()
      }
      const own: Credential = {
        ...{ kind: 'session', did: pageToken.did, scope: accessScope, sessionId, validAt },
        expiresAt: validAt + LIFETIME_MS,
      }
      const { transport } = stream
      try {
        for (const credential of source === undefined ? [own] : [own, source.credential]) {
          const options = { credential, transport, address, perCommit: false }
          subscribers.push((await realtime.open(options)).subscriber)
        }
        const cursor = positionOf(c)
        const request = { ...source?.request, ...(cursor !== undefined && { cursor }) }
        if (source !== undefined) await subscribers[1]!.subscribe('', request)
      } catch (error) {
        stream.close()
        throw error
      }
      if (incoming !== undefined) ports.onEventStream?.(incoming)
      return new Response(stream.body, { headers })
    },
  }
}

/** What the browser has: after it has connected again, or from where the page was read. */
function positionOf(c: Context<Env>): number | undefined {
  const text = c.req.header('last-event-id') ?? c.req.query('after') ?? ''
  return /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

/** By which the account's private events name the session. */
function pageSessionId(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
