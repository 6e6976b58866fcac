/** Connects the realtime endpoint with the HTTP server, rate limits and metrics of this process. */
import type { IncomingMessage, Server } from 'node:http'
import { SubscriberPlaces } from '#src/gateway/http/subscriber-places.ts'
import { attachUpgrades, type UpgradePorts } from '#src/gateway/http/upgrades.ts'
import type { RealtimeStats } from '#src/gateway/operator/realtime-metrics.ts'
import { type EventStreams, eventStreams } from '#src/gateway/realtime/event-streams.ts'
import {
  openRealtime,
  type Realtime,
  type RealtimePorts,
} from '#src/gateway/realtime/open-realtime.ts'
import { realtimeMethods } from '#src/gateway/realtime/realtime-methods.ts'
import { realtimeWebSockets } from '#src/gateway/realtime/web-socket-route.ts'
import { failureCounter } from '#src/gateway/xrpc/failed-credentials.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import { channelMessages, realtimeRequests } from '#src/gateway/xrpc/rate-limit-policy.ts'
import type { CountedCall, RateLimits } from '#src/gateway/xrpc/rate-limits.ts'

export interface StartRealtimePorts extends Omit<RealtimePorts, 'countingFailures' | 'count'> {
  rateLimits: RateLimits | undefined
  nextNonce(): string | undefined
  upgrades: UpgradePorts
  /** The response to this request is an event stream, and no longer one that is in progress. */
  onEventStream?(request: IncomingMessage): void
}

export interface StartedRealtime {
  methods: readonly Method[]
  eventStreams: EventStreams
  stats: RealtimeStats
  /** For the event streams of pages. */
  realtime: Realtime
  places: SubscriberPlaces
  close(): Promise<void>
}

export function startRealtime(server: Server, ports: StartRealtimePorts): StartedRealtime {
  const { rateLimits } = ports
  const realtime = openRealtime({
    ...ports,
    countingFailures: failureCounter(rateLimits),
    async count(what, did, address) {
      const request = { headers: {}, socket: { remoteAddress: address } } as CountedCall['request']
      const nsid = what === 'message' ? channelMessages : realtimeRequests
      const call = { nsid, request, caller: { did }, input: undefined }
      const status = await rateLimits?.(call)
      if (status?.isRefused) throw rateLimitExceeded(status)
    },
  })
  const places = new SubscriberPlaces(ports.upgrades)
  const webSockets = realtimeWebSockets(realtime, places)
  const upgrades = attachUpgrades(server, [webSockets.route], ports.upgrades)
  return {
    methods: realtimeMethods(realtime),
    eventStreams: eventStreams(realtime, { ...ports, places }),
    stats: realtime.stats,
    ...{ realtime, places },
    async close() {
      upgrades.close()
      realtime.close()
      await webSockets.close()
    },
  }
}
