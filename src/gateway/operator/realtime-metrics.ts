/** Metrics of dev.headwater.realtime: its connections, why they ended, and what was sent. */
import { Counter, Gauge, type Registry } from 'prom-client'

export interface RealtimeStats {
  /** Now: connections, and those of them that are in a channel, once for each channel. */
  counts(): { subscribers: number; members: number }
  /** Since the start. */
  eventsSent: number
  readonly closedBy: ReadonlyMap<string, number>
}

export function realtimeProbe(stats: RealtimeStats, registers: Registry[]): () => void {
  const connections = new Gauge({
    name: 'headwater_realtime_connections',
    help: 'Connections to dev.headwater.realtime.subscribe',
    registers,
  })
  const members = new Gauge({
    name: 'headwater_realtime_channel_members',
    help: 'Of these, the ones in channels, once for each channel',
    registers,
  })
  const sent = new Counter({
    name: 'headwater_realtime_events_sent_total',
    help: 'Events sent to them',
    registers,
  })
  const closed = new Counter({
    name: 'headwater_realtime_connections_closed_total',
    help: 'Connections that ended, by the name of the error; Closed by the client',
    labelNames: ['error'],
    registers,
  })
  return () => {
    const counts = stats.counts()
    connections.set(counts.subscribers)
    members.set(counts.members)
    sent.reset()
    sent.inc(stats.eventsSent)
    closed.reset()
    for (const [error, count] of stats.closedBy) closed.inc({ error }, count)
  }
}
