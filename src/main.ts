/** Starts the components of this process in order, and stops them in reverse order on a signal. */
import { enableCompileCache } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Config,
  ConfigError,
  configureNativeModules,
  environment,
  readConfig,
} from '#src/config/config.ts'
import { type Component, DataFolder, type FolderSecrets } from '#src/data-folder.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { Build } from '#src/gateway/operator/health.ts'
import { createLog, type Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { type Clock, systemClock } from '#src/ports/clock.ts'
import { release } from '#src/release.ts'

const ACTORS_STOP_TIMEOUT_MS = 5000
// How long the gateway waits for directory and sequencer before it listens without them.
const SERVICES_TIMEOUT_MS = 10_000
const CHECK_RETRY_MS = 1_000
// The process exits with 1 if stopping takes longer.
const STOP_TIMEOUT_MS = 20_000

// Modules loaded from here on load faster at the next start.
enableCompileCache()

try {
  const config = readConfig(environment())
  await main(config, createLog(config.log.level))
  process.exit(0)
} catch (error) {
  // Expected errors are printed as one message; only a bug needs its stack.
  const isExpected = error instanceof ConfigError || (error as Error).name === 'Error'
  console.error(isExpected ? `headwater: ${(error as Error).message}` : error)
  process.exit(1)
}

async function main(config: Config, log: Log): Promise<void> {
  const signal = stopSignal()
  for (const warning of config.warnings) log.warn(warning)
  const folder = new DataFolder(config.dataDirectory)
  await using parts = new AsyncDisposableStack()
  parts.use(folder.lock(componentsOf(config)))
  const secrets = folder.secrets(config.secrets)
  configureNativeModules(config)
  const { url, refused } = await startComponents(config, secrets, folder, log, parts)
  printWelcome(config, folder, url)
  log.info({ signal: await Promise.race([signal, refused]) }, 'stopping')
}

// Starts those components that belong to this process. `refused` is rejected if it turns out later that this build must
// not serve the data.
async function startComponents(
  config: Config,
  secrets: FolderSecrets,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<{ url?: string; refused: Promise<never> }> {
  // Loading these takes the largest part of a start, so the engine starts meanwhile.
  const loading = Promise.all([import('#actors/start.ts'), import('#src/gateway/start.ts')])
  loading.then(
    ([, { preload }]) => config.role !== 'actors' && preload(),
    () => {}, // A rejection is thrown by the await below.
  )
  const { health: engineHealth, ...engine } = await connectEngine(
    config,
    secrets,
    folder,
    log,
    parts,
  )
  const [{ startActors }, { startGateway }] = await loading
  const { schemas, schemaVersions } = await import('#actors/schemas.ts')
  const { setRivetKitLog } = await import('#src/engine/rivetkit-log.ts')
  setRivetKitLog(config.log.rivetkit ?? 'error')
  const { LiveActors } = await import('#src/engine/live-actors.ts')
  const { createDispatch } = await import('#src/engine/dispatch.ts')
  const { createRemoteCall } = await import('#src/engine/remote-call.ts')
  const { createKeychain } = await import('#src/ports/keychain.ts')
  const { systemTimer } = await import('#src/ports/timer.ts')
  const live = new LiveActors()
  const shared = {
    dispatch: createDispatch({
      live,
      remote: createRemoteCall({ ...engine, internalToken: secrets.internalToken }),
      pause: (ms) => pause(ms),
      local: true,
    }),
    service: {
      ...config.service,
      publicUrl: config.gateway.publicUrl,
      jwtSecret: new TextEncoder().encode(secrets.jwtSecret),
    },
    keys: createKeychain(Buffer.from(secrets.sealKeyHex, 'hex')),
    build: { release, schemas: schemaVersions },
    clock: systemClock,
    timer: systemTimer,
    live,
    log,
    blobs: await openBlobStorage(config, folder),
  }
  if (config.role !== 'gateway') {
    const { internalToken } = secrets
    const settings = {
      ...{ ...shared, ...config.actors, ...config.sequencer, internalToken, release, schemas },
      imports: { ...config.imports, folder: folder.at('imports') },
      blobQuotaBytes: config.blobs.accountQuotaBytes,
      blobTempMaxAgeMs: config.blobs.tempMaxAgeMs,
    }
    const actors = await startActors(settings, engine)
    // RivetKit waits forever for an actor that was just starting; the next start of the engine cleans it up.
    parts.defer(() => Promise.race([actors.stop(), pause(ACTORS_STOP_TIMEOUT_MS)]))
  }
  if (config.role === 'actors') {
    await startOperatorPort({ ...shared, engineHealth, config, secrets }, parts)
    return { refused: new Promise(() => {}) }
  }
  const plcUrl = config.identity.plcUrl ?? (await startDevelopmentPlc(config, folder, log, parts))
  const checked = checkShardsWhenReached(shared.dispatch)
  await Promise.race([
    Promise.all([wakeServices(shared.dispatch), checked]),
    pause(SERVICES_TIMEOUT_MS, undefined, { ref: false }),
  ])
  const gateway = await startGateway({
    ...shared,
    engineHealth,
    config,
    secrets,
    plcUrl,
    mailFolder: folder.at('mail'),
  })
  parts.defer(() => gateway.stop())
  const refused = checked.then(() => new Promise<never>(() => {}))
  refused.catch(() => {}) // It is thrown where it is awaited.
  return { url: gateway.url, refused }
}

// Rejects with ShardCountError.
async function checkShardsWhenReached(dispatch: Dispatch): Promise<void> {
  const { checkShards, ShardCountError } = await import('#src/gateway/workflows/check-shards.ts')
  for (;;) {
    try {
      return await checkShards(dispatch)
    } catch (error) {
      if (error instanceof ShardCountError) throw error
      await pause(CHECK_RETRY_MS, undefined, { ref: false })
    }
  }
}

async function startOperatorPort(
  shared: {
    dispatch: Dispatch
    live: LiveActors
    build: Build
    blobs: BlobStorage
    clock: Clock
    log: Log
    engineHealth: EngineAddress['health']
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

// Gateways and actors share it: one folder on one machine, one bucket on several.
async function openBlobStorage(config: Config, folder: DataFolder): Promise<BlobStorage> {
  const { storage } = config.blobs
  if (storage.kind === 's3') {
    const { s3BlobStorage } = await import('#src/ports/blob-storage-s3.ts')
    return s3BlobStorage(storage)
  }
  const { diskBlobStorage } = await import('#src/ports/blob-storage-disk.ts')
  const { location = folder.at('blobs'), tempLocation } = storage
  return diskBlobStorage({ location, tempLocation })
}

// Wakes directory and sequencer, so that the first requests need not wait for them, and so that neither is still
// starting if the server is stopped soon.
async function wakeServices({ directory, sequencer }: Dispatch): Promise<void> {
  await Promise.allSettled([
    directory.reminders.list({ after: '', limit: 1 }),
    sequencer.log.bounds(),
  ])
}

interface EngineAddress {
  endpoint: string
  token: string
  namespace: string
  health?: { healthy(): boolean; restarts(): number }
}

async function connectEngine(
  config: Config,
  secrets: FolderSecrets,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<EngineAddress> {
  const { endpoint, token = secrets.engineToken, namespace, port } = config.engine
  if (endpoint !== undefined) return { endpoint, token, namespace }
  const { startEngine } = await import('#src/engine/embedded-engine.ts')
  const dir = folder.at('engine')
  const hasRemoteActors = config.role === 'gateway'
  const engine = await startEngine({
    dir,
    token: secrets.engineToken,
    port,
    hasRemoteActors,
    log,
  })
  parts.defer(() => engine.stop())
  let restarts = 0
  engine.onDown(() => restarts++)
  const health = { healthy: () => engine.healthy(), restarts: () => restarts }
  return { endpoint: engine.endpoint, token: engine.token, namespace, health }
}

async function startDevelopmentPlc(
  config: Config,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<string> {
  const { startPlcServer } = await import('#src/plc/plc-server.ts')
  const port = config.identity.devPlcPort
  const plc = await startPlcServer({ path: folder.at('plc.sqlite'), port, log })
  parts.defer(() => plc.stop())
  return plc.url
}

function componentsOf({ role, engine }: Config): Component[] {
  const components: Component[] = role === 'all' ? ['gateway', 'actors'] : [role]
  return engine.endpoint === undefined ? [...components, 'engine'] : components
}

// Resolves with the first signal. Later ones are ignored: stopping is limited by STOP_TIMEOUT_MS anyway.
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal)
        setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
      })
    }
  })
}

function printWelcome(config: Config, folder: DataFolder, listening: string | undefined): void {
  const { publicUrl } = config.gateway
  const lines = [`Headwater (${config.role}) stores its data in ${folder.path}`]
  if (listening !== undefined) {
    lines.unshift(`Headwater is at ${publicUrl} and listens on ${listening}`)
  }
  if (listening !== undefined && config.mode === 'development') {
    const body = '{"handle":"alice.test","email":"alice@example.com","password":"correct horse"}'
    lines.push(
      'Create an account:',
      `  curl -H 'content-type: application/json' -d '${body}' \\`,
      `    ${publicUrl}/xrpc/com.atproto.server.createAccount`,
      `Secrets are stored in ${folder.at('secrets.json')}. Press Ctrl-C to stop.`,
    )
  }
  console.log(lines.join('\n'))
}
