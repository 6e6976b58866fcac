/** Starts what this process was asked to be, part after part, and stops it in reverse when it is told to. */
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
import { createLog, type Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { type Clock, systemClock } from '#src/ports/clock.ts'

/** Longest time that the actors may take to fall asleep. */
const ACTORS_STOP_MS = 5000
/** Longest wait for directory and sequencer before the gateway opens without them. */
const SERVICES_MS = 10_000
/** Longest time that stopping may take; after it the process ends as it stands. */
const STOP_MS = 20_000

// What is loaded from here on starts faster the next time.
enableCompileCache()

try {
  const config = readConfig(environment())
  await main(config, createLog(config.log.level))
  process.exit(0)
} catch (error) {
  // What keeps a server from starting is told in a sentence; only a bug needs its stack.
  const isExpected = error instanceof ConfigError || (error as Error).name === 'Error'
  console.error(isExpected ? `headwater: ${(error as Error).message}` : error)
  process.exit(1)
}

async function main(config: Config, log: Log): Promise<void> {
  const told = stopSignal()
  for (const warning of config.warnings) log.warn(warning)
  const folder = new DataFolder(config.dataDirectory)
  await using parts = new AsyncDisposableStack()
  parts.use(folder.lock(dutiesOf(config)))
  const secrets = folder.secrets(config.secrets)
  configureNativeModules(config)
  const url = await startParts(config, secrets, folder, log, parts)
  printWelcome(config, folder, url)
  log.info({ signal: await told }, 'stopping')
}

/** Starts engine, actors, PLC directory and gateway, as far as they are this process's; returns the gateway's URL. */
async function startParts(
  config: Config,
  secrets: FolderSecrets,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<string | undefined> {
  // The largest part of a start is the loading of these, and the engine can start meanwhile.
  const loading = Promise.all([import('#actors/start.ts'), import('#src/gateway/start.ts')])
  loading.catch(() => {}) // It is thrown where it is awaited.
  const { health: engineHealth, ...engine } = await engineOf(config, secrets, folder, log, parts)
  const [{ startActors }, { startGateway }] = await loading
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
    clock: systemClock,
    timer: systemTimer,
    live,
    log,
    blobs: await openBlobStorage(config, folder),
  }
  if (config.role !== 'gateway') {
    const { internalToken } = secrets
    const settings = {
      ...{ ...shared, ...config.actors, ...config.sequencer, internalToken },
      blobQuotaBytes: config.blobs.accountQuotaBytes,
      blobTempMaxAgeMs: config.blobs.tempMaxAgeMs,
    }
    const actors = await startActors(settings, engine)
    // RivetKit waits without end for an actor that was just starting; the next start of the engine sees to that one.
    parts.defer(() => Promise.race([actors.stop(), pause(ACTORS_STOP_MS)]))
  }
  if (config.role === 'actors') {
    await startOperatorPort({ ...shared, engineHealth, config, secrets }, parts)
    return undefined
  }
  const plcUrl = config.identity.plcUrl ?? (await developersPlc(config, folder, log, parts))
  await Promise.race([
    awakeServices(shared.dispatch),
    pause(SERVICES_MS, undefined, { ref: false }),
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
  return gateway.url
}

/** What an operator watches actors by that have no gateway beside them, if he wants to. */
async function startOperatorPort(
  shared: {
    dispatch: Dispatch
    live: LiveActors
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
  log.info({ url: operator.url }, 'health and metrics of the actors')
}

/** Both gateway and actors have it: on one machine the same folder, on several the same bucket. */
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

/**
 * Resolves when directory and sequencer answer: a server that is up serves at once, and one that is told to stop has
 * nobody who is just starting.
 */
async function awakeServices({ directory, sequencer }: Dispatch): Promise<void> {
  await Promise.allSettled([
    directory.reminders.list({ after: '', limit: 1 }),
    sequencer.log.bounds(),
  ])
}

interface EngineAddress {
  endpoint: string
  token: string
  namespace: string
  /** How it is, where it is this process's own. */
  health?: { healthy(): boolean; restarts(): number }
}

/** The engine that the environment names, or one of this process's own. */
async function engineOf(
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

/** A PLC directory in this process, for a gateway that was given none; returns its URL. */
async function developersPlc(
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

function dutiesOf({ role, engine }: Config): Component[] {
  const duties: Component[] = role === 'all' ? ['gateway', 'actors'] : [role]
  return engine.endpoint === undefined ? [...duties, 'engine'] : duties
}

/** Resolves with the first signal to stop. Later ones change nothing: the stop has its bound from the first. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal)
        setTimeout(() => process.exit(1), STOP_MS).unref()
      })
    }
  })
}

function printWelcome(config: Config, folder: DataFolder, listening: string | undefined): void {
  const { publicUrl } = config.gateway
  const lines = [`Headwater (${config.role}) keeps its data in ${folder.path}`]
  if (listening !== undefined) {
    lines.unshift(`Headwater is at ${publicUrl} and listens on ${listening}`)
  }
  if (listening !== undefined && config.mode === 'development') {
    const body = '{"handle":"alice.test","email":"alice@example.com","password":"correct horse"}'
    lines.push(
      'Make an account:',
      `  curl -H 'content-type: application/json' -d '${body}' \\`,
      `    ${publicUrl}/xrpc/com.atproto.server.createAccount`,
      `The secrets are in ${folder.at('secrets.json')}; Ctrl-C stops everything.`,
    )
  }
  console.log(lines.join('\n'))
}
