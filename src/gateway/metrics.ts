/** What a Prometheus server is told: how many calls of which method, how they ended, and how long they took. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** Counts one call. `method` is an NSID of ours, or `other`. */
  observe(method: string, status: number, seconds: number): void
  /** The text that is scraped, and its media type. */
  render(): Promise<{ text: string; type: string }>
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** The metrics of this process; `subscribers` says how many are on the firehose. */
export function createMetrics(subscribers: () => number): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const calls = new Histogram({
    name: 'xrpc_request_duration_seconds',
    help: 'XRPC calls by method and HTTP status',
    labelNames: ['method', 'status'],
    buckets,
    registers: [registry],
  })
  new Gauge({
    name: 'firehose_subscribers',
    help: 'Connections to com.atproto.sync.subscribeRepos',
    registers: [registry],
    collect() {
      this.set(subscribers())
    },
  })
  const children = new Map<string, Histogram.Internal<string>>()

  return {
    observe(method, status, seconds) {
      const key = `${method} ${status}`
      let child = children.get(key)
      if (child === undefined) {
        child = calls.labels(method, String(status))
        children.set(key, child)
      }
      child.observe(seconds)
    },
    render: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  }
}
