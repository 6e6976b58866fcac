/** Starts the engine and the actors of a process, if it has any, and what gateway and actors share. */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { DataFolder, FolderSecrets } from '#src/data-folder.ts'
import { type StoreSize, storeSize } from '#src/engine/store-size.ts'
import type { StoreWatch, StoreWatchPorts } from '#src/engine/store-watch.ts'
import type { Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import { systemClock } from '#src/ports/clock.ts'
import { release } from '#src/release.ts'
import { connectEngine } from '#src/start/connect-engine.ts'
import { openDurability } from '#src/start/durability.ts'
import { noteEnvoy, reportFormerProcess } from '#src/start/former-process.ts'
import { openLease } from '#src/start/lease.ts'
import { isAlone, openPeers } from '#src/start/peers.ts'

const ACTORS_STOP_TIMEOUT_MS = 5000
const STORE_NOTE_TIMEOUT_MS = 2_000

export interface StartPorts {
  config: Config
  secrets: FolderSecrets
  folder: DataFolder
  log: Log
  /** How many there were so far. */
  unhandledRejections: () => number
  /** The server only answers calls: for a drill, since another server serves the accounts. */
  isAtRest?: boolean
}

interface ActorOptions {
  /** The actors only answer calls: for a takeover, during which another server serves the accounts. */
  isAtRest?: boolean
  blobsOf?: (storage: BlobStorage) => BlobStorage
}

export async function startActorsOf(
  { config, secrets, folder, log, unhandledRejections }: StartPorts,
  parts: AsyncDisposableStack,
  { isAtRest = false, blobsOf = (storage) => storage }: ActorOptions = {},
) {
  // Loading these takes the largest part of a start, so the engine starts meanwhile.
  const loading = import('#actors/start.ts')
  loading.catch(() => {}) // The await below throws it.
  const { DiskSpace } = await import('#src/ports/disk-space.ts')
  // The store of an engine elsewhere is on another disk.
  const reserveBytes = config.engine.endpoint === undefined ? config.minFreeDiskBytes : 0
  const keptFile = reserveBytes > 0 ? folder.at('kept-space') : undefined
  const disk = new DiskSpace({ path: folder.path, reserveBytes, keptFile, log })
  if (reserveBytes > 0) parts.defer(disk.start())
  const { own: ownEngine, ...engine } = await connectEngine(config, secrets, folder, log, parts)
  const { durable, walSync } = await openDurability(config, folder.at('engine'), log, parts)
  const { startActors } = await loading
  const { schemas, schemaVersions } = await import('#actors/schemas.ts')
  const { setRivetKitLog } = await import('#src/engine/rivetkit-log.ts')
  setRivetKitLog(config.log.rivetkit ?? 'error')
  const { LiveActors } = await import('#src/engine/live-actors.ts')
  const { createDispatch } = await import('#src/engine/dispatch.ts')
  const { createRemoteCall } = await import('#src/engine/remote-call.ts')
  const { watchReadiness } = await import('#src/engine/unready-actors.ts')
  const { createKeychain } = await import('#src/ports/keychain.ts')
  const { systemTimer } = await import('#src/ports/timer.ts')
  const { WebhookStats } = await import('#src/webhooks/stats.ts')
  const { promise: envoyKey, resolve: setEnvoyKey } = Promise.withResolvers<string | undefined>()
  const live = new LiveActors(await openLease({ config, engine, envoyKey, log }, parts))
  const { internalToken } = secrets
  const throughEngine = watchReadiness(createRemoteCall({ ...engine, internalToken }), log)
  const peerPorts = { config, live, internalToken, remote: throughEngine, engine, envoyKey, log }
  const peers = await openPeers(peerPorts, parts)
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
    blobs: blobsOf(await openBlobStorage(config)),
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
      history: config.history,
      blobTempMaxAgeMs: config.blobs.tempMaxAgeMs,
      privateNetworks: config.identity.privateNetworks,
    }
    if (!isAlone(config)) await reportFormerProcess({ folder, engine, log })
    const actors = await startActors(settings, engine, { isAtRest })
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
  const isStoreOwn = ownEngine !== undefined && config.role !== 'gateway' && !isAtRest
  const storeWatch = isStoreOwn ? await watchStore(folder, shared, parts) : undefined
  return { shared, ownEngine, storeWatch }
}

function storeSizeOf(
  { endpoint, directory }: Config['engine'],
  folder: DataFolder,
): (() => Promise<StoreSize>) | undefined {
  const engineFolder = endpoint === undefined ? folder.at('engine') : directory
  return engineFolder === undefined ? undefined : () => storeSize(join(engineFolder, 'db'))
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

/** Gateways and actors share it: one folder on one machine, one bucket on several. */
export async function openBlobStorage(
  config: Pick<Config, 'blobs' | 'minFreeDiskBytes' | 'dataDirectory'>,
): Promise<BlobStorage> {
  const { storage } = config.blobs
  if (storage.kind === 's3') {
    const { s3BlobStorage } = await import('#src/ports/blob-storage-s3.ts')
    return s3BlobStorage(storage)
  }
  const { diskBlobStorage } = await import('#src/ports/blob-storage-disk.ts')
  const { location = join(config.dataDirectory, 'blobs'), tempLocation } = storage
  return diskBlobStorage({ location, tempLocation, reserveBytes: config.minFreeDiskBytes })
}
