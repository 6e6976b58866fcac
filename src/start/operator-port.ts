/** Health and metrics of a process without a gateway, if their port is configured. */
import type { Config } from '#src/config/config.ts'
import type { FolderSecrets } from '#src/data-folder.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { StoreSize } from '#src/engine/store-size.ts'
import type { StoreWatch } from '#src/engine/store-watch.ts'
import type { Build, EngineHealth } from '#src/gateway/operator/health.ts'
import type { SyncTotal } from '#src/gateway/operator/metrics.ts'
import type { Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DiskSpace } from '#src/ports/disk-space.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export async function startOperatorPort(
  shared: {
    dispatch: Dispatch
    live: LiveActors
    build: Build
    blobs: BlobStorage
    disk: DiskSpace
    storeWatch: StoreWatch | undefined
    storeSize: (() => Promise<StoreSize>) | undefined
    maxAwakeAccounts: number
    clock: Clock
    unhandledRejections: () => number
    storeSyncs: SyncTotal | undefined
    webhookStats: WebhookStats
    log: Log
    engineHealth: EngineHealth | undefined
    config: Config
    secrets: FolderSecrets
  },
  parts: AsyncDisposableStack,
): Promise<void> {
  const { config, secrets, blobs, log } = shared
  const { port, open: metricsOpen } = config.metrics
  if (port === undefined) return
  const { startOperatorPort } = await import('#src/gateway/operator/operator-port.ts')
  const operator = await startOperatorPort({
    ...shared,
    ...{ port, host: config.gateway.host, metricsOpen, adminPassword: secrets.adminPassword },
    service: config.service,
    engine: shared.engineHealth,
    dataDirectory: config.dataDirectory,
    checkBlobs: () => blobs.check(),
  })
  parts.defer(() => operator.stop())
  log.info({ url: operator.url }, 'operator port listening')
}
