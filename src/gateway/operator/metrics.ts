/** Prometheus metrics: calls by status and duration, and the state of accounts, sequencer, storage, engine and firehose. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { StoreSize } from '#src/engine/store-size.ts'
import type { JetstreamStats } from '#src/gateway/jetstream/stats.ts'
import { archiveProbe } from '#src/gateway/operator/archive-metrics.ts'
import { backupProbe } from '#src/gateway/operator/backup-metrics.ts'
import type { EngineHealth, Health } from '#src/gateway/operator/health.ts'
import { jetstreamProbe } from '#src/gateway/operator/jetstream-metrics.ts'
import { type RealtimeStats, realtimeProbe } from '#src/gateway/operator/realtime-metrics.ts'
import { relayProbe } from '#src/gateway/operator/relay-metrics.ts'
import { webhookProbe } from '#src/gateway/operator/webhook-metrics.ts'
import type { LogSize } from '#src/sequencer/log-size.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export interface Metrics {
  /** `method` is the NSID of an implemented method, or `other`. */
  observe(method: string, status: number, seconds: number): void
  observeHttp(route: string, status: number, seconds: number): void
  rateLimited(limit: string): void
  render(): Promise<{ text: string; type: string }>
}

interface Firehose {
  subscribers(): number
  head(): number
  lags(): number[]
}

/** Since the start: how many syncs of the store there were, and how many seconds they took. */
export interface SyncTotal {
  readonly syncs: number
  readonly seconds: number
}

export interface MetricsPorts {
  /** Absent in a process without a gateway. */
  firehose?: Firehose
  jetstream?: JetstreamStats
  realtime?: RealtimeStats
  /** How many there were in this process so far. */
  unhandledRejections: () => number
  /** Undefined if this process does not sync the store. */
  storeSyncs: SyncTotal | undefined
  /** Those that are awake in this process. */
  webhooks: Pick<WebhookStats, 'attempts' | 'now'>
  health: Pick<
    Health,
    | 'engine'
    | 'awake'
    | 'head'
    | 'counts'
    | 'storage'
    | 'storeLoss'
    | 'freeBytes'
    | 'logSize'
    | 'storeSize'
    | 'relays'
    | 'lastBackup'
    | 'lastDrill'
    | 'archives'
  >
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export function createMetrics(ports: MetricsPorts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const observe = durations('headwater_xrpc_request_duration_seconds', 'method', registers)
  const observeHttp = durations('headwater_http_request_duration_seconds', 'route', registers)
  const rateLimited = new Counter({
    name: 'headwater_rate_limited_requests_total',
    help: 'Requests refused with 429, by rate limit',
    labelNames: ['limit'],
    registers,
  })
  const probe = probes(ports, registers)

  return {
    observe,
    observeHttp,
    rateLimited: (limit) => rateLimited.inc({ limit }),
    async render() {
      await probe()
      return { text: await registry.metrics(), type: registry.contentType }
    },
  }
}

function durations(name: string, label: string, registers: Registry[]): Metrics['observe'] {
  const help = `Duration of requests by ${label} and HTTP status`
  const histogram = new Histogram({ name, help, labelNames: [label, 'status'], buckets, registers })
  const children = new Map<string, Histogram.Internal<string>>()
  return (value, status, seconds) => {
    const key = `${value} ${status}`
    let child = children.get(key)
    if (child === undefined) {
      child = histogram.labels(value, String(status))
      children.set(key, child)
    }
    child.observe(seconds)
  }
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge

/** Collected at scrape time; a value that is not available in time is left out. */
function probes(
  { firehose, jetstream, realtime, health, unhandledRejections, ...ports }: MetricsPorts,
  registers: Registry[],
): () => Promise<void> {
  const gauge: MakeGauge = (name, help, labelNames = []) =>
    new Gauge({ name: `headwater_${name}`, help, labelNames, registers })
  const probeFirehose = firehose && firehoseProbe(firehose, gauge)
  const probeJetstream = jetstream && jetstreamProbe(jetstream, registers)
  const probeRealtime = realtime && realtimeProbe(realtime, registers)
  const probeSyncs = ports.storeSyncs && syncProbe(ports.storeSyncs, registers)
  const probeWebhooks = webhookProbe(ports.webhooks, registers)
  const probeRelays = relayProbe(registers)
  const probeBackup = backupProbe(registers)
  const probeArchives = archiveProbe(registers)
  const probeEngine = health.engine && engineProbe(health.engine, gauge, registers)
  const head = gauge(
    'sequencer_head_seq',
    'All later events get a higher seq: microseconds since 1970',
  )
  const awake = gauge('accounts_awake', 'Account actors awake in this process')
  const maxAwake = gauge('accounts_awake_max', 'Account actors that may be awake in this process')
  const putToSleep = new Counter({
    name: 'headwater_accounts_put_to_sleep_total',
    help: 'Accounts put to sleep because more were awake than may be, or memory was short',
    registers,
  })
  const backlog = gauge('outbox_pending_events', 'Events in their outboxes, not yet sequenced')
  const withUndeliveredEvents = gauge(
    'accounts_with_undelivered_events',
    'Accounts of the server that may have unsequenced events',
  )
  const accounts = gauge('accounts', 'Accounts of the server by status', ['status'])
  const parts = gauge('storage_up', '1 if a part of the storage is usable, else 0', ['part'])
  const lost = gauge('store_lost_seconds', 'How much of its end the store lacked at a start, or 0')
  const unhandled = new Counter({
    name: 'headwater_unhandled_rejections_total',
    help: 'Rejected promises that nothing handled: each is a bug, and logged',
    registers,
  })
  const freeBytesGauge = gauge('data_free_bytes', 'Free bytes on the volume of the data folder')

  const setSizes = sizeProbe(gauge, registers)

  return async () => {
    const [
      newest,
      counts,
      storage,
      freeBytes,
      logSize,
      storeSize,
      relayRows,
      backup,
      drill,
      archives,
    ] = await Promise.all([
      health.head(),
      health.counts(),
      health.storage(),
      health.freeBytes(),
      health.logSize(),
      health.storeSize(),
      health.relays(),
      health.lastBackup(),
      health.lastDrill(),
      health.archives(),
    ])
    set(head, newest)
    setSizes(logSize, storeSize)
    const awakeHere = health.awake()
    awake.set(awakeHere.accounts)
    maxAwake.set(awakeHere.max)
    putToSleep.reset()
    putToSleep.inc(awakeHere.putToSleep)
    backlog.set(awakeHere.backlog)
    set(withUndeliveredEvents, counts?.reminders)
    accounts.reset()
    for (const [status, n] of Object.entries(counts?.accounts ?? {})) accounts.set({ status }, n)
    for (const [part, up] of Object.entries(storage)) parts.set({ part }, up ? 1 : 0)
    const { notedSeq = 0, foundSeq = 0 } = health.storeLoss ?? {}
    lost.set((notedSeq - foundSeq) / 1e6)
    set(freeBytesGauge, freeBytes)
    unhandled.reset()
    unhandled.inc(unhandledRejections())
    probeFirehose?.(newest)
    probeJetstream?.()
    probeRealtime?.()
    probeRelays(relayRows)
    probeBackup(backup, drill)
    probeArchives(archives)
    probeEngine?.()
    probeSyncs?.()
    probeWebhooks()
  }
}

function syncProbe(total: SyncTotal, registers: Registry[]): () => void {
  const syncs = new Counter({
    name: 'headwater_store_syncs_total',
    help: 'Syncs of the log of the store, each shared by the writes that waited for it',
    registers,
  })
  const seconds = new Counter({
    name: 'headwater_store_sync_seconds_total',
    help: 'Time that they took',
    registers,
  })
  return () => {
    syncs.reset()
    syncs.inc(total.syncs)
    seconds.reset()
    seconds.inc(total.seconds)
  }
}

function sizeProbe(
  gauge: MakeGauge,
  registers: Registry[],
): (log: LogSize | undefined, store: StoreSize | undefined) => void {
  const storeBytes = gauge('store_bytes', "Bytes of the engine's store on the disk")
  const walBytes = gauge('store_wal_bytes', 'Of these, its write-ahead log, which a start reads')
  const events = gauge('sequencer_events', 'Events in the firehose log')
  const bytes = gauge('sequencer_bytes', "Bytes of the sequencer's database, without its history")
  const oldest = gauge('sequencer_oldest_event_seconds', 'When the oldest of them was logged')
  const added = new Counter({
    name: 'headwater_sequencer_events_added_total',
    help: 'Events added to the firehose log since the sequencer woke',
    registers,
  })
  return (log, store) => {
    set(storeBytes, store?.bytes)
    set(walBytes, store?.walBytes)
    set(events, log?.events)
    set(bytes, log?.bytes)
    const { oldestAt } = log ?? {}
    set(oldest, typeof oldestAt === 'number' ? oldestAt / 1000 : undefined)
    added.reset()
    if (log !== undefined) added.inc(log.added)
  }
}

function firehoseProbe(firehose: Firehose, gauge: MakeGauge): (newest: number | undefined) => void {
  const subscribers = gauge('firehose_subscribers', 'Connections to subscribeRepos')
  const slowest = gauge('firehose_subscriber_max_lag_seconds', 'Lag of the slowest of them')
  const lag = gauge('firehose_lag_seconds', 'Lag of this process behind the sequencer')
  return (newest) => {
    subscribers.set(firehose.subscribers())
    slowest.set(Math.max(0, ...firehose.lags()))
    set(lag, newest && Math.max(0, newest - firehose.head()) / 1e6)
  }
}

function engineProbe(engine: EngineHealth, gauge: MakeGauge, registers: Registry[]): () => void {
  const up = gauge('engine_up', '1 if the engine of this process answers, else 0')
  const restarts = new Counter({
    name: 'headwater_engine_restarts_total',
    help: 'Restarts of the engine of this process',
    registers,
  })
  return () => {
    up.set(engine.healthy() ? 1 : 0)
    restarts.reset()
    restarts.inc(engine.restarts())
  }
}

function set(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove()
  else gauge.set(value)
}
