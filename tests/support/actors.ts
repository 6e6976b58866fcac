/** The server's actors in this process, with their own engine, and dispatches that reach them locally or remotely. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { schemas } from '#actors/schemas.ts'
import type { ActorSettings } from '#actors/settings.ts'
import { createDispatch, type Dispatch } from '#src/engine/dispatch.ts'
import { startEngine } from '#src/engine/embedded-engine.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import { LiveActors } from '#src/engine/live-actors.ts'
import { createRemoteCall } from '#src/engine/remote-call.ts'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import { createAccount } from '#src/gateway/workflows/create-account.ts'
import { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import { createLog } from '#src/log.ts'
import { systemClock } from '#src/ports/clock.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { release } from '#src/release.ts'
import { WebhookStats } from '#src/webhooks/stats.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'

export const internalToken = 'the-token-of-these-tests'

export interface RunningActors {
  engine: EngineAddress
  /** By which the engine knows this process. */
  envoyKey: Promise<string | undefined>
  live: LiveActors
  /** Calls the actor directly if it is awake in this process. */
  local: Dispatch
  remote: Dispatch
  createAccount(name: string): Promise<string>
  stop(): Promise<void>
}

/**
 * Starts an engine and the actors; `sleepTimeoutMs` is the idle time after which an account sleeps.
 */
export async function startTestActors(options: {
  sleepTimeoutMs: number
  maxAwakeAccounts?: number
}): Promise<RunningActors> {
  Object.assign(process.env, quietEnvironment)
  const { startActors } = await import('#actors/start.ts')
  const dir = mkdtempSync(join(tmpdir(), 'headwater-actors-'))
  const log = createLog('silent')
  const embedded = await startEngine({ dir, token: 'engine-token', port: undefined, log })
  const engine = { endpoint: embedded.endpoint, token: embedded.token, namespace: 'default' }
  const live = new LiveActors()
  const settings = testSettings(engine, { live, log, ...options })
  const remote = createRemoteCall({ ...engine, internalToken })
  const pauseFor = (ms: number) => pause(ms)
  const actors = await startActors(settings, engine)
  return {
    engine,
    envoyKey: actors.envoyKey,
    live,
    local: settings.dispatch,
    remote: createDispatch({ live, remote, pause: pauseFor, local: false }),
    createAccount: (name) => newAccount(settings, name),
    async stop() {
      await actors.stop()
      await embedded.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The settings of actors on that engine. */
export function testSettings(
  engine: RunningActors['engine'],
  options: Partial<ActorSettings> & Pick<ActorSettings, 'sleepTimeoutMs'>,
): ActorSettings {
  const { live = new LiveActors(), release: own = release } = options
  const remote = createRemoteCall({ ...engine, internalToken, release: own })
  return {
    service: {
      did: 'did:web:localhost',
      publicUrl: 'http://localhost',
      jwtSecret: new Uint8Array(32),
    },
    release,
    schemas,
    keys: createKeychain(new Uint8Array(32).fill(5)),
    clock: systemClock,
    timer: systemTimer,
    dispatch: createDispatch({ live, remote, pause: (ms) => pause(ms), local: true }),
    live,
    processId: 'test',
    durable: () => Promise.resolve(),
    peerAddress: async () => undefined,
    log: createLog('silent'),
    internalToken,
    backfillMs: 86_400_000,
    blobs: memoryBlobStorage(),
    imports: {
      folder: join(tmpdir(), 'headwater-test-imports'),
      maxBytes: 1e8,
      maxRecords: 1_000_000,
    },
    blobQuotaBytes: undefined,
    history: { days: 30, maxBytes: 20_000_000 },
    blobTempMaxAgeMs: 86_400_000,
    privateNetworks: true,
    webhookStats: new WebhookStats(systemClock),
    maxAwakeAccounts: 1_000,
    disk: { transaction: (run) => run() },
    ...options,
  }
}

export const quietEnvironment = {
  RUST_BACKTRACE: '0',
  RUST_LIB_BACKTRACE: '0',
  RIVET_LOG_LEVEL: 'off',
}
const rotationKey = newSigningKey().key

/** Makes an account as the gateway does, and returns its DID. */
export async function newAccount(settings: ActorSettings, name: string): Promise<string> {
  const { did } = await createAccount(
    {
      ...settings,
      handleRules: async () => handleRules(['.test']),
      plc: {
        sendOperation: async () => {},
        getDocumentData: async () => undefined,
        getLastOp: async () => undefined,
        getOperationLog: async () => [],
      },
      rotationKey,
      inviteRequired: false,
      wakeQueue: new WakeQueue((did) =>
        settings.dispatch.account(did).lifecycle.ensureProvisioned(),
      ),
      tokens: { secret: settings.service.jwtSecret, audience: settings.service.did },
    },
    { handle: `${name}.test`, email: `${name}@example.com`, password: 'correct horse' },
  )
  return did
}
