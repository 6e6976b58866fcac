/** What the Jetstream endpoints of this process have done since it started, for its metrics. */
import type { CursorMode } from '#src/gateway/jetstream/cursor.ts'
import type { OptionsUpdateError } from '#src/gateway/jetstream/options.ts'

type Scheme = 'none' | 'zstd'

export interface JetstreamStats {
  subscribers: Record<Scheme, number>
  eventsSent: Record<Scheme, number>
  /** Of messages, without their WebSocket frames. */
  bytesSent: Record<Scheme, number>
  /** Of the same messages before compression. */
  bytesEncoded: Record<Scheme, number>
  eventsFiltered: number
  eventsOversize: number
  optionsUpdates: number
  optionsUpdateErrors: Record<OptionsUpdateError | 'oversize', number>
  cursorRequests: Record<CursorMode, number>
  /** Closed by the client, or because the server stops. */
  cleanDisconnects: number
}

export function newStats(): JetstreamStats {
  const byScheme = () => ({ none: 0, zstd: 0 })
  return {
    subscribers: byScheme(),
    eventsSent: byScheme(),
    bytesSent: byScheme(),
    bytesEncoded: byScheme(),
    eventsFiltered: 0,
    eventsOversize: 0,
    optionsUpdates: 0,
    optionsUpdateErrors: {
      ...{ oversize: 0, bad_envelope_json: 0, bad_payload_json: 0, invalid_options: 0 },
    },
    cursorRequests: { live: 0, time_us: 0, clamped: 0 },
    cleanDisconnects: 0,
  }
}
