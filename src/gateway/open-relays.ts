/** Opens what looks at the relays of PDS_CRAWLERS: the questions at intervals, and what the operator sees of the answers. */
import type { Config } from '#src/config/config.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { notifyWebhooks } from '#src/gateway/notify-webhooks.ts'
import { relayClient } from '#src/gateway/relays/relay-client.ts'
import { RelayView } from '#src/gateway/relays/relay-view.ts'
import { SHARE_OF_INTERVAL, watchRelays } from '#src/gateway/relays/relay-watch.ts'
import { claimPoint } from '#src/gateway/xrpc/limiter-client.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import { createSafeFetch } from '#src/ports/safe-fetch.ts'
import type { Timer } from '#src/ports/timer.ts'

/** An answer is a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024

export function openRelays(ports: {
  dispatch: Dispatch
  clock: Clock
  timer: Timer
  log: Log
  config: Pick<Config, 'gateway' | 'crawlers' | 'relays'>
}): { view: RelayView; watch(): () => void } {
  const { dispatch, config } = ports
  const { intervalMs } = config.relays
  const client = relayClient({
    // A relay that the operator has configured may be in a private network.
    fetch: createSafeFetch({ privateNetworks: true, maxBytes: MAX_ANSWER_BYTES }),
    hostname: config.gateway.hostname,
  })
  const durationMs = Math.ceil(SHARE_OF_INTERVAL * intervalMs)
  const claimTurn = claimPoint(dispatch, { name: 'ask relays', points: 1, durationMs })
  return {
    view: new RelayView({ ...ports, relays: config.crawlers, client }),
    watch: () =>
      watchRelays({
        ...{ ...ports, relays: config.crawlers, client, claimTurn, intervalMs },
        onThrottled: (what) => notifyWebhooks(dispatch, 'relay.throttled', what),
      }),
  }
}
