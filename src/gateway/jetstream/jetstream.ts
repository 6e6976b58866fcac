/** Jetstream, built in: both endpoints, which share their dictionaries, connections and counters. */
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import { StreamConnections } from '#src/gateway/http/stream-connections.ts'
import type { UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import { currentDictionary, legacyDictionary } from '#src/gateway/jetstream/dictionaries.ts'
import type { JetstreamConnection } from '#src/gateway/jetstream/jetstream-connection.ts'
import { legacySubscribe } from '#src/gateway/jetstream/legacy-subscribe.ts'
import { type JetstreamStats, newStats } from '#src/gateway/jetstream/stats.ts'
import { subscribeEvents } from '#src/gateway/jetstream/subscribe-events.ts'
import type { Log } from '#src/log.ts'

export interface Jetstream {
  routes: readonly UpgradeRoute[]
  stats: JetstreamStats
  close(): Promise<void>
}

export function openJetstream(ports: {
  events: EventStream
  log: Log
  settings: { stallTimeoutMs: number; jetstreamDictionary?: string | undefined }
}): Jetstream {
  const { events, log, settings } = ports
  const { stallTimeoutMs, jetstreamDictionary } = settings
  const dictionaries = {
    legacy: legacyDictionary(jetstreamDictionary),
    current: currentDictionary(),
  }
  const connections = new StreamConnections<JetstreamConnection>({ stallTimeoutMs })
  const stats = newStats()
  const shared = { events, log, connections, stats, stallTimeoutMs, dictionaries }
  const endpoints = [legacySubscribe(shared), subscribeEvents(shared)]
  return {
    routes: endpoints.map(({ route }) => route),
    stats,
    async close() {
      await connections.close('server shutting down')
      for (const endpoint of endpoints) endpoint.close()
    },
  }
}
