/** What a Prometheus server is told: how calls end and how long they take, and whether what is behind them is well. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { EngineHealth, Health } from '#src/gateway/operator/health.ts'

export interface Metrics {
  /** Counts one call. `method` is an NSID of ours, or `other`. */
  observe(method: string, status: number, seconds: number): void
  /** Counts a call of what is no method. `route` is one of a few words. */
  observeHttp(route: string, status: number, seconds: number): void
  /** Counts a call that was refused, by the limit's name: there are only so many. */
  rateLimited(limit: string): void
  /** The text that is scraped, and its media type. */
  render(): Promise<{ text: string; type: string }>
}

interface Firehose {
  subscribers(): number
  head(): number
  /** How far behind the head each subscriber is, in seconds. */
  lags(): number[]
}

export interface MetricsPorts {
  /** Absent where there is none. */
  firehose?: Firehose
  health: Pick<Health, 'engine' | 'awake' | 'head' | 'counts' | 'storage' | 'freeBytes'>
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** The metrics of this process. */
export function createMetrics(ports: MetricsPorts): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const observe = durations('xrpc_request_duration_seconds', 'method', registers)
  const observePlain = durations('http_request_duration_seconds', 'route', registers)
  const refusals = new Counter({
    name: 'rate_limited_total',
    help: 'Calls refused with 429, by limit',
    labelNames: ['limit'],
    registers,
  })
  const probe = probes(ports, registers)

  return {
    observe,
    observeHttp: observePlain,
    rateLimited: (limit) => refusals.inc({ limit }),
    async render() {
      await probe()
      return { text: await registry.metrics(), type: registry.contentType }
    },
  }
}

/** Observes how long calls took, by what was called and HTTP status. */
function durations(name: string, what: string, registers: Registry[]): Metrics['observe'] {
  const help = `Calls by ${what} and HTTP status`
  const all = new Histogram({ name, help, labelNames: [what, 'status'], buckets, registers })
  const children = new Map<string, Histogram.Internal<string>>()
  return (called, status, seconds) => {
    const key = `${called} ${status}`
    let child = children.get(key)
    if (child === undefined) {
      child = all.labels(called, String(status))
      children.set(key, child)
    }
    child.observe(seconds)
  }
}

type MakeGauge = (name: string, help: string, labelNames?: string[]) => Gauge

/** What is only looked at when somebody asks; what does not answer in time is left out, but for its `…_up`. */
function probes({ firehose, health }: MetricsPorts, registers: Registry[]): () => Promise<void> {
  const gauge: MakeGauge = (name, help, labelNames = []) =>
    new Gauge({ name, help, labelNames, registers })
  const probeFirehose = firehose && firehoseProbe(firehose, gauge)
  const probeEngine = health.engine && engineProbe(health.engine, gauge)
  const head = gauge('sequencer_head', 'The newest seq of the log: microseconds since 1970')
  const awake = gauge('accounts_awake', 'Account actors awake in this process')
  const backlog = gauge('outbox_backlog', 'Events of these accounts that wait for the sequencer')
  const owing = gauge('accounts_owing_events', 'Accounts that may have events to deliver')
  const accounts = gauge('accounts', 'Accounts of the server by state', ['status'])
  const parts = gauge('storage_up', 'Whether a part of the storage can be used', ['part'])
  const free = gauge('data_free_bytes', 'Bytes left where the data folder is')

  return async () => {
    const [newest, counts, storage, freeBytes] = await Promise.all([
      health.head(),
      health.counts(),
      health.storage(),
      health.freeBytes(),
    ])
    set(head, newest)
    const here = health.awake()
    awake.set(here.accounts)
    backlog.set(here.backlog)
    set(owing, counts?.reminders)
    accounts.reset()
    for (const [status, n] of Object.entries(counts?.accounts ?? {})) accounts.set({ status }, n)
    for (const [part, up] of Object.entries(storage)) parts.set({ part }, up ? 1 : 0)
    set(free, freeBytes)
    probeFirehose?.(newest)
    probeEngine?.()
  }
}

function firehoseProbe(firehose: Firehose, gauge: MakeGauge): (newest: number | undefined) => void {
  const subscribers = gauge('firehose_subscribers', 'Connections to subscribeRepos')
  const slowest = gauge('firehose_subscriber_lag_seconds', 'How far the slowest of them is behind')
  const lag = gauge('firehose_lag_seconds', 'How far this process is behind the sequencer')
  return (newest) => {
    subscribers.set(firehose.subscribers())
    slowest.set(Math.max(0, ...firehose.lags()))
    set(lag, newest && Math.max(0, newest - firehose.head()) / 1e6)
  }
}

function engineProbe(engine: EngineHealth, gauge: MakeGauge): () => void {
  const up = gauge('engine_up', 'Whether the engine of this process answers')
  const restarts = gauge('engine_restarts_total', 'Times that the engine was started again')
  return () => {
    up.set(engine.healthy() ? 1 : 0)
    restarts.set(engine.restarts())
  }
}

function set(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove()
  else gauge.set(value)
}
