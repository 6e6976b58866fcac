/** The metrics of the Jetstream endpoints, named as those of Jetstream. */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { JetstreamStats } from '#src/gateway/jetstream/stats.ts'

type Values = number | Record<string, number>

/** The returned function is called before each scrape. */
export function jetstreamProbe(stats: JetstreamStats, registers: Registry[]): () => void {
  const subscribers = new Gauge({
    name: 'headwater_jetstream_subscribers',
    help: 'Connections to the Jetstream endpoints, by compression',
    labelNames: ['scheme'],
    registers,
  })
  const counter = (name: string, help: string, label?: string) => {
    const labelNames = label === undefined ? [] : [label]
    const metric = new Counter({ name: `headwater_jetstream_${name}`, help, labelNames, registers })
    return (values: Values) => {
      metric.reset()
      if (typeof values === 'number') metric.inc(values)
      else for (const [key, value] of Object.entries(values)) metric.inc({ [label!]: key }, value)
    }
  }
  const sent = counter('events_sent_total', 'Messages with events sent', 'scheme')
  const bytesSent = counter('bytes_sent_total', 'Bytes of these messages', 'scheme')
  const bytesEncoded = counter('bytes_encoded_total', 'The same before compression', 'scheme')
  const filtered = counter(
    'events_filtered_total',
    'Events that subscribers did not want, when their connection or filter ends',
  )
  const oversize = counter('events_oversize_total', 'Events left out for maxMessageSizeBytes')
  const updates = counter('options_updates_total', 'Changes of the options of a connection')
  const refused = counter('options_update_errors_total', 'Messages of clients refused', 'reason')
  const cursors = counter('cursor_requests_total', 'Connections by what their cursor is', 'mode')
  const clean = counter('clean_disconnects_total', 'Connections closed by clients, or at the end')
  return () => {
    for (const [scheme, n] of Object.entries(stats.subscribers)) subscribers.set({ scheme }, n)
    sent(stats.eventsSent)
    bytesSent(stats.bytesSent)
    bytesEncoded(stats.bytesEncoded)
    filtered(stats.eventsFiltered)
    oversize(stats.eventsOversize)
    updates(stats.optionsUpdates)
    refused(stats.optionsUpdateErrors)
    cursors(stats.cursorRequests)
    clean(stats.cleanDisconnects)
  }
}
