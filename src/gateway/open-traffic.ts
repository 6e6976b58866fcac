/** Opens what depends on the traffic configuration: rate limits, bounds of sign-ups, and the crawl requests to relays. */
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
import { type SignUps, signUps, uncountedSignUps } from '#src/gateway/xrpc/sign-ups.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Timer } from '#src/ports/timer.ts'

export interface TrafficPorts {
  dispatch: Pick<Dispatch, 'limiter'>
  clock: Clock
  timer: Timer
  log: Log
  addressOf: FindClientAddress
  config: Pick<Config, 'gateway' | 'crawlers' | 'rateLimits' | 'signUps'>
}

export interface Traffic {
  rateLimits: RateLimits | undefined
  failedSignIns: FailedSignIns
  signUps: SignUps
  crawlers: Crawlers
  close(): void
}

const LEASE_RETURN_INTERVAL_MS = 10_000
const WARN_INTERVAL_MS = 10_000
const SIGN_UP_WARN_INTERVAL_MS = 10 * 60_000
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
  const { enabled, bypassKey, bypassIps } = config.rateLimits
  const bounds = config.signUps
  const isBounded = bounds.perBlock > 0 || bounds.perServer > 0
  const uncounted = { rateLimits: undefined, failedSignIns: uncountedSignIns }
  if (!enabled && !isBounded) {
    return { ...uncounted, signUps: uncountedSignUps, crawlers, close: () => crawlers.close() }
  }
  const leases = new Leases({
    send: limiterClient(dispatch),
    clock,
    onFailure: throttled(clock, WARN_INTERVAL_MS, (err: unknown) =>
      log.warn({ err }, 'limiter unreachable: this gateway counts on its own'),
    ),
  })
  const returnTimer = setInterval(() => void leases.returnIdle(), LEASE_RETURN_INTERVAL_MS)
  returnTimer.unref()
  const warnOfRefusal = throttled(clock, SIGN_UP_WARN_INTERVAL_MS, (limit: string) => {
    log.warn(
      { limit },
      'sign-ups are refused: PDS_MAX_SIGN_UPS_PER_BLOCK, PDS_MAX_SIGN_UPS_PER_HOUR',
    )
  })
  const refusedSignUp = (limit: string) => {
    onRefused(limit)
    warnOfRefusal(limit)
  }
  const counted = () => ({
    rateLimits: rateLimits({ leases, addressOf, bypassKey, bypassIps, onRefused }),
    failedSignIns: failedSignIns({ leases, clock, bypassIps, onRefused }),
  })
  return {
    ...(enabled ? counted() : uncounted),
    signUps: signUps({ leases, bounds, bypassIps, clock, onRefused: refusedSignUp }),
    crawlers,
    close() {
      clearInterval(returnTimer)
      crawlers.close()
    },
  }
}

function throttled<T>(clock: Clock, intervalMs: number, warn: (value: T) => void) {
  let notBefore = 0
  return (value: T) => {
    if (clock.now() < notBefore) return
    notBefore = clock.now() + intervalMs
    warn(value)
  }
}
