/** Starts the components that belong to a process, in order: engine, actors, development PLC, gateway. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { DataFolder, FolderSecrets } from '#src/data-folder.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { type StoreSize, storeSize } from '#src/engine/store-size.ts'
import type { StoreWatch, StoreWatchPorts } from '#src/engine/store-watch.ts'
import type { Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { systemClock } from '#src/ports/clock.ts'
import { release } from '#src/release.ts'
import { listenError, mustBeFree } from '#src/start/check-port.ts'
import { connectEngine } from '#src/start/connect-engine.ts'
import { openDurability } from '#src/start/durability.ts'
import { noteEnvoy, reportFormerProcess } from '#src/start/former-process.ts'
import { openLease } from '#src/start/lease.ts'
import { startOperatorPort } from '#src/start/operator-port.ts'
import { isAlone, openPeers } from '#src/start/peers.ts'

const ACTORS_STOP_TIMEOUT_MS = 5000
// How long the gateway waits for directory and sequencer before it listens without them.
const SERVICES_TIMEOUT_MS = 10_000
const STORE_NOTE_TIMEOUT_MS = 2_000

export interface StartPorts {
  config: Config
  secrets: FolderSecrets
  folder: DataFolder
  log: Log
  /** How many there were so far. */
  unhandledRejections: () => number
}

// Starts those components that belong to this process. `refused` is rejected if it turns out later that this build must
// not serve the data.
export async function startComponents(
  { config, secrets, folder, log, unhandledRejections }: StartPorts,
  parts: AsyncDisposableStack,
): Promise<{ url?: string; plcUrl?: string; refused: Promise<never> }> {
  await mustListen(config)
  // Loading these takes the largest part of a start, so the engine starts meanwhile.
  const loading = Promise.all([import('#actors/start.ts'), import('#src/gateway/start.ts')])
  loading.then(
    ([, { preload }]) => config.role !== 'actors' && preload(),
    () => {}, // A rejection is thrown by the await below.
  )
  const { DiskSpace } = await import('#src/ports/disk-space.ts')
  // The store of an engine elsewhere is on another disk.
  const reserveBytes = config.engine.endpoint === undefined ? config.minFreeDiskBytes : 0
  const keptFile = reserveBytes > 0 ? folder.at('kept-space') : undefined
  const disk = new DiskSpace({ path: folder.path, reserveBytes, keptFile, log })
  if (reserveBytes > 0) parts.defer(disk.start())
  const { own: ownEngine, ...engine } = await connectEngine(config, secrets, folder, log, parts)
  const { durable, walSync } = await openDurability(config, folder.at('engine'), log, parts)
  const [{ startActors }, { startGateway }] = await loading
  const { schemas, schemaVersions } = await import('#actors/schemas.ts')
  const { setRivetKitLog } = await import('#src/engine/rivetkit-log.ts')
  setRivetKitLog(config.log.rivetkit ?? 'error')
  const { LiveActors } = await import('#src/engine/live-actors.ts')
  const { createDispatch } = await import('#src/engine/dispatch.ts')
  const { createRemoteCall } = await import('#src/engine/remote-call.ts')
  const { watchReadiness } = await import('#src/engine/unready-actors.ts')
  const { createKeychain } = await import('#src/ports/keychain.ts')
  const { systemTimer } = await import('#src/ports/timer.ts')
  const { checkData } = await import('#src/gateway/data-checks/check-data.ts')
  const { WebhookStats } = await import('#src/webhooks/stats.ts')
  const { promise: envoyKey, resolve: setEnvoyKey } = Promise.withResolvers<string | undefined>()
  const live = new LiveActors(await openLease({ config, engine, envoyKey, log }, parts))
  const { internalToken } = secrets
  const throughEngine = watchReadiness(createRemoteCall({ ...engine, internalToken }), log)
  const ports = { config, live, internalToken, remote: throughEngine, engine, envoyKey, log }
  const peers = await openPeers(ports, parts)
  const shared = {
    dispatch: createDispatch({
      live,
      remote: peers.remote,
      pause: (ms) => pause(ms),
      local: config.role !== 'gateway',
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
    disk,
    unhandledRejections,
    storeSyncs: walSync?.total,
    storeSize: storeSizeOf(config.engine, folder),
    maxAwakeAccounts: config.actors.maxAwakeAccounts,
    webhookStats: new WebhookStats(systemClock),
  }
  if (config.role !== 'gateway') {
    const settings = {
      ...{ ...shared, ...config.actors, ...config.sequencer, internalToken, release, schemas },
      ...{ durable, peerAddress: peers.address, processId: folder.id() },
      imports: { ...config.imports, folder: folder.at('imports') },
      blobQuotaBytes: config.blobs.accountQuotaBytes,
      blobTempMaxAgeMs: config.blobs.tempMaxAgeMs,
      privateNetworks: config.identity.privateNetworks,
    }
    if (!isAlone(config)) await reportFormerProcess({ folder, engine, log })
    const actors = await startActors(settings, engine)
    void actors.envoyKey.then(setEnvoyKey)
    const endNote = noteEnvoy(envoyKey, folder, log)
    const stop = () => actors.stop().then(endNote)
    // RivetKit waits forever for an actor that was just starting; the next start of the engine cleans it up.
    parts.defer(() => Promise.race([stop(), pause(ACTORS_STOP_TIMEOUT_MS)]))
  }
  if (ownEngine !== undefined) {
    const { healStorage } = await import('#src/engine/heal-storage.ts')
    parts.defer(healStorage({ ...shared, engine: { ...engine, ...ownEngine } }))
  }
  // With actors in other processes the sequencer may have been awake for longer than the engine.
  const isStoreOwn = ownEngine !== undefined && config.role !== 'gateway'
  const storeWatch = isStoreOwn ? await watchStore(folder, shared, parts) : undefined
  if (config.role === 'actors') {
    const operator = { ...shared, storeWatch, engineHealth: ownEngine, config, secrets }
    await startOperatorPort(operator, parts)
    return { refused: refusedBy(checkData(shared.dispatch, secrets, config, log)) }
  }
  const plcUrl = config.identity.plcUrl ?? (await startPlcDirectory(config, folder, log, parts))
  const checked = checkData(shared.dispatch, secrets, config, log)
  await Promise.race([
    Promise.all([wakeServices(shared.dispatch), checked]),
    pause(SERVICES_TIMEOUT_MS, undefined, { ref: false }),
  ])
  const gateway = await startGateway({
    ...shared,
    storeWatch,
    engineHealth: ownEngine,
    config,
    secrets,
    plcUrl,
    mailFolder: folder.at('mail'),
  }).catch((error) => {
    // Another program may have taken the port since the check.
    throw listenError(error, portOf(config))
  })
  parts.defer(() => gateway.stop())
  return { url: gateway.url, plcUrl, refused: refusedBy(checked) }
}

function storeSizeOf(
  { endpoint, directory }: Config['engine'],
  folder: DataFolder,
): (() => Promise<StoreSize>) | undefined {
  const engineFolder = endpoint === undefined ? folder.at('engine') : directory
  return engineFolder === undefined ? undefined : () => storeSize(join(engineFolder, 'db'))
}

function refusedBy(check: Promise<void>): Promise<never> {
  const refused = check.then(() => new Promise<never>(() => {}))
  refused.catch(() => {}) // It is thrown where it is awaited.
  return refused
}

async function watchStore(
  folder: DataFolder,
  ports: Omit<StoreWatchPorts, 'path'>,
  parts: AsyncDisposableStack,
): Promise<StoreWatch> {
  const { StoreWatch } = await import('#src/engine/store-watch.ts')
  const watch = new StoreWatch({ ...ports, path: folder.at('engine', 'stored.json') })
  watch.start()
  parts.defer(() => Promise.race([watch.stop(), pause(STORE_NOTE_TIMEOUT_MS)]))
  return watch
}

const portOf = ({ gateway: { host, port } }: Pick<Config, 'gateway'>) => ({
  host,
  port,
  portVariable: 'PDS_PORT',
  hostVariable: 'PDS_HOST',
})

// Before the engine starts, so that a start that cannot succeed leaves nothing behind.
async function mustListen({ role, gateway, metrics, identity }: Config): Promise<void> {
  const { host } = gateway
  if (role === 'actors') {
    const { port } = metrics
    if (port !== undefined) await mustBeFree({ host, port, portVariable: 'PDS_METRICS_PORT' })
    return
  }
  await mustBeFree(portOf({ gateway }))
  const { plcUrl, devPlcPort: port } = identity
  if (plcUrl !== undefined || port === undefined) return
  await mustBeFree({ host: '127.0.0.1', port, portVariable: 'PDS_DEV_PLC_PORT' })
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
  return diskBlobStorage({ location, tempLocation, reserveBytes: config.minFreeDiskBytes })
}

// Wakes directory and sequencer, so that the first requests need not wait for them, and so that neither is still
// starting if the server is stopped soon.
async function wakeServices({ directory, sequencer }: Dispatch): Promise<void> {
  await Promise.allSettled([
    directory.reminders.list({ after: '', limit: 1 }),
    sequencer.log.bounds(),
  ])
}

async function startPlcDirectory(
  config: Config,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<string> {
  const { startDevelopmentPlc } = await import('#src/plc/development-plc.ts')
  const port = config.identity.devPlcPort
  const plc = await startDevelopmentPlc({ path: folder.at('plc.sqlite'), port, log })
  parts.defer(() => plc.stop())
  return plc.url
}
