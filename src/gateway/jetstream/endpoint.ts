/** What the two Jetstream endpoints are made of, and what they are. */
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import type { StreamConnections } from '#src/gateway/http/stream-connections.ts'
import type { UpgradeRoute } from '#src/gateway/http/upgrades.ts'
import type { Dictionaries } from '#src/gateway/jetstream/dictionaries.ts'
import type { JetstreamConnection } from '#src/gateway/jetstream/jetstream-connection.ts'
import type { JetstreamStats } from '#src/gateway/jetstream/stats.ts'
import type { Log } from '#src/log.ts'

export interface JetstreamPorts {
  events: EventStream
  log: Log
  dictionaries: Dictionaries
  connections: StreamConnections<JetstreamConnection>
  stats: JetstreamStats
  stallTimeoutMs: number
}

export interface Endpoint {
  route: UpgradeRoute
  close(): void
}
