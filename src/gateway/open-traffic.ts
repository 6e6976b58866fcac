/** Opens what depends on the traffic configuration: rate limits, and the crawl requests to relays. */
import type { Config } from '#src/config/config.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { Crawlers } from '#src/gateway/crawlers.ts'
import type { FindClientAddress } from '#src/gateway/http/client-address.ts'
import {
  type FailedSignIns,
  failedSignIns,
  uncountedSignIns,
} from '#src/gateway/xrpc/failed-sign-ins.ts'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { claimPoint, limiterClient } from '#src/gateway/xrpc/limiter-client.ts'
import { type RateLimits, rateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface TrafficPorts {
  dispatch: Pick<Dispatch, 'limiter'>
  clock: Clock
  timer: Timer
  log: Log
  addressOf: FindClientAddress
  config: Pick<Config, 'gateway' | 'crawlers' | 'rateLimits'>
}

export interface Traffic {
  rateLimits: RateLimits | undefined
  failedSignIns: FailedSignIns
  crawlers: Crawlers
  close(): void
}

const LEASE_RETURN_INTERVAL_MS = 10_000
const WARN_INTERVAL_MS = 10_000
const CRAWL_INTERVAL_MS = 20 * 60_000

export function openTraffic(ports: TrafficPorts, onRefused: (limit: string) => void): Traffic {
  const { dispatch, clock, timer, log, addressOf, config } = ports
  const crawlers = new Crawlers({
    crawlers: config.crawlers,
    hostname: config.gateway.hostname,
    claimTurn: claimPoint(dispatch, { name: 'crawl', points: 1, durationMs: CRAWL_INTERVAL_MS }),
    // Not the guarded fetch: a relay that the operator has configured may be in a private network.
    fetch: globalThis.fetch,
    intervalMs: CRAWL_INTERVAL_MS,
    clock,
    timer,
    log,
  })
  if (!config.rateLimits.enabled) {
    return {
      rateLimits: undefined,
      failedSignIns: uncountedSignIns,
      crawlers,
      close: () => crawlers.close(),
    }
  }
  const { bypassKey, bypassIps } = config.rateLimits
  const leases = new Leases({
    send: limiterClient(dispatch),
    clock,
    onFailure: throttledWarning(ports),
  })
  const returnTimer = setInterval(() => void leases.returnIdle(), LEASE_RETURN_INTERVAL_MS)
  returnTimer.unref()
  return {
    rateLimits: rateLimits({ leases, addressOf, bypassKey, bypassIps, onRefused }),
    failedSignIns: failedSignIns({ leases, clock, bypassIps, onRefused }),
    crawlers,
    close() {
      clearInterval(returnTimer)
      crawlers.close()
    },
  }
}

function throttledWarning({ clock, log }: TrafficPorts): (err: unknown) => void {
  let notBefore = 0
  return (err) => {
    if (clock.now() < notBefore) return
    notBefore = clock.now() + WARN_INTERVAL_MS
    log.warn({ err }, 'limiter unreachable: this gateway counts on its own')
  }
}
