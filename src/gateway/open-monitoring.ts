/** Opens what operators watch of a gateway: its health, its metrics, and the samples for the charts of the console. */
import { archiveHealth } from '#src/gateway/archives/archive-health.ts'
import type { GatewayPorts } from '#src/gateway/open-server-context.ts'
import { Health, type HealthPorts } from '#src/gateway/operator/health.ts'
import { createMetrics, type Metrics, type MetricsPorts } from '#src/gateway/operator/metrics.ts'
import { type SamplePorts, Samples } from '#src/gateway/operator/samples.ts'

interface Watched
  extends Pick<HealthPorts, 'relays' | 'checkBlobs'>,
    Required<Pick<MetricsPorts, 'jetstream' | 'realtime'>> {
  firehose: SamplePorts['firehose'] & NonNullable<MetricsPorts['firehose']>
}

/** The samples also count what the metrics observe. */
export function openMonitoring(
  ports: GatewayPorts,
  { firehose, jetstream, realtime, relays, checkBlobs }: Watched,
): { health: Health; samples: Samples; metrics: Metrics } {
  const { config, dispatch, clock, log } = ports
  const { unhandledRejections, storeSyncs, webhookStats: webhooks } = ports
  const health = new Health({
    ...{ dispatch, clock, log, live: ports.live, build: ports.build },
    ...{ engine: ports.engineHealth, dataDirectory: config.dataDirectory, checkBlobs, relays },
    ...{ disk: ports.disk, storeWatch: ports.storeWatch, storeSize: ports.storeSize },
    maxAwakeAccounts: ports.maxAwakeAccounts,
    archives: archivesOf(ports),
  })
  const samples = new Samples({
    ...{ health, firehose, webhooks, storeSyncs, unhandledRejections, clock },
    counts: () => dispatch.directory.accounts.count(),
  })
  const metrics = createMetrics({
    ...{ firehose, jetstream, realtime, health, unhandledRejections, storeSyncs, webhooks },
  })
  return { health, samples, metrics: samples.watch(metrics) }
}

function archivesOf({ config, dispatch, clock }: GatewayPorts): HealthPorts['archives'] {
  const { location, intervalMs } = config.archives
  if (location === undefined || intervalMs === 0) return undefined
  return async () => {
    const summary = await dispatch.directory.archives.summarize()
    return archiveHealth(summary, { intervalMs, now: clock.now() })
  }
}
