/** Connects the realtime endpoint with the HTTP server, rate limits and metrics of this process. */
import type { Server } from 'node:http'
import { attachUpgrades, type UpgradePorts } from '#src/gateway/http/upgrades.ts'
import type { RealtimeStats } from '#src/gateway/operator/realtime-metrics.ts'
import { type EventStreams, eventStreams } from '#src/gateway/realtime/event-streams.ts'
import { openRealtime, type RealtimePorts } from '#src/gateway/realtime/open-realtime.ts'
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
}

export interface StartedRealtime {
  methods: readonly Method[]
  eventStreams: EventStreams
  stats: RealtimeStats
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
  const webSockets = realtimeWebSockets(realtime)
  const upgrades = attachUpgrades(server, [webSockets.route], ports.upgrades)
  return {
    methods: realtimeMethods(realtime),
    eventStreams: eventStreams(realtime, ports),
    stats: realtime.stats,
    async close() {
      upgrades.close()
      realtime.close()
      await webSockets.close()
    },
  }
}
