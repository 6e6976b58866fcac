/** Builds the server context that XRPC methods use, from configuration, secrets and ports. */
import type { Config } from '#src/config/config.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { StoreSize } from '#src/engine/store-size.ts'
import type { StoreWatch } from '#src/engine/store-watch.ts'
import { openArchives } from '#src/gateway/archives/open-archives.ts'
import { MovedAccounts } from '#src/gateway/identity/moved-accounts.ts'
import { openIdentity } from '#src/gateway/identity/open-identity.ts'
import { rotateSigningKey } from '#src/gateway/identity/rotate-signing-key.ts'
import { openLifecycle } from '#src/gateway/open-lifecycle.ts'
import type { Build, EngineHealth } from '#src/gateway/operator/health.ts'
import type { SyncTotal } from '#src/gateway/operator/metrics.ts'
import { openProvisioning } from '#src/gateway/provisioning/open-provisioning.ts'
import { connectServices } from '#src/gateway/proxy/connect-services.ts'
import { tenantBrandFinder } from '#src/gateway/tenants/brand.ts'
import { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import type { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { SignUps } from '#src/gateway/xrpc/sign-ups.ts'
import type { Log } from '#src/log.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DiskSpace } from '#src/ports/disk-space.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { folderMailer, type Mailer, smtpMailer } from '#src/ports/mailer.ts'
import { httpPlcDirectory } from '#src/ports/plc-directory.ts'
import { createSafeFetch } from '#src/ports/safe-fetch.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { WebhookStats } from '#src/webhooks/stats.ts'

export interface GatewayPorts {
  dispatch: Dispatch
  live: LiveActors
  build: Build
  /** Undefined if this process does not run the engine. */
  engineHealth: EngineHealth | undefined
  timer: Timer
  keys: Keychain
  clock: Clock
  log: Log
  blobs: BlobStorage
  disk: Pick<DiskSpace, 'isLow' | 'mustHaveRoom'>
  storeWatch: Pick<StoreWatch, 'loss' | 'notedSeq'> | undefined
  /** Undefined if the store is not known to be on this machine. */
  storeSize: (() => Promise<StoreSize>) | undefined
  maxAwakeAccounts: number
  plcUrl: string
  config: GatewayConfig
  secrets: GatewaySecrets
  /** Mails are written here if no SMTP server is configured. */
  mailFolder: string
  /** The gateway only answers calls. */
  isAtRest?: boolean | undefined
  /** How many there were in this process so far. */
  unhandledRejections: () => number
  storeSyncs: SyncTotal | undefined
  webhookStats: WebhookStats
}

/** The part of `Config` that a gateway uses. */
export type GatewayConfig = Omit<
  Config,
  | 'mode'
  | 'role'
  | 'secrets'
  | 'acceptChangedKeys'
  | 'referenceData'
  | 'engine'
  | 'actors'
  | 'blobs'
  | 'log'
  | 'warnings'
>

export interface GatewaySecrets {
  jwtSecret: string
  adminPassword: string
  plcRotationKeyHex: string
}

interface WakeQueues {
  wakeQueue: WakeQueue
  /** Of accounts that are created by the thousand. */
  bulkWakeQueue: WakeQueue
}

export function openServerContext(
  ports: GatewayPorts,
  { wakeQueue, bulkWakeQueue }: WakeQueues,
  traffic: Pick<
    ServerContext,
    'crawlers' | 'relays' | 'failedSignIns' | 'addressOf' | 'requestedHost'
  > & { signUps: SignUps },
): ServerContext {
  const { dispatch, keys, clock, log, config, secrets } = ports
  const { gateway, service, identity, invites, limits } = config
  const plc = httpPlcDirectory({ url: ports.plcUrl })
  const { recoveryDidKey, privateNetworks } = identity
  const rotationKey = signingKey(Buffer.from(secrets.plcRotationKeyHex, 'hex'))
  const identityContext = openIdentity({
    dispatch,
    clock,
    log,
    plc,
    plcUrl: ports.plcUrl,
    rotationKey,
    config: identity,
    publicUrl: gateway.publicUrl,
    serviceDid: service.did,
    hostname: gateway.hostname,
    handleDomains: service.handleDomains,
    appViewUrl: config.services.appView?.url,
  })
  const creation = {
    dispatch,
    wakeQueue,
    plc,
    keys,
    clock,
    log,
    rotationKey,
    ...(recoveryDidKey !== undefined && { recoveryKey: recoveryDidKey }),
    service: { publicUrl: gateway.publicUrl },
    handleRules: identityContext.handleRules,
    inviteRequired: invites.required,
    signUps: traffic.signUps,
    tokens: { secret: new TextEncoder().encode(secrets.jwtSecret), audience: service.did },
  }
  const lifecycle = openLifecycle({ ...creation, ...identityContext, log })
  return {
    dispatch,
    crawlers: traffic.crawlers,
    relays: traffic.relays,
    failedSignIns: traffic.failedSignIns,
    addressOf: traffic.addressOf,
    requestedHost: traffic.requestedHost,
    blobs: ports.blobs,
    archives: openArchives({
      ...{ dispatch, keys, clock, log, timer: ports.timer, blobs: ports.blobs },
      ...{ signer: rotationKey, serviceDid: service.did, identity: identityContext },
      activateAccount: (did) => lifecycle.activateAccount(did),
      mustHaveRoom: () => ports.disk.mustHaveRoom(),
      ...{ config: config.archives, backupKeyHex: config.backup.keyHex },
      ...{ reserveBytes: config.minFreeDiskBytes, privateNetworks },
    }),
    fetch: createSafeFetch({ privateNetworks, maxBytes: config.proxy.fetchMaxBytes }),
    services: connectServices({
      ...{ dispatch, log, privateNetworks, settings: config.proxy },
      resolver: identityContext.resolver,
      defaults: {
        ...config.services,
        reportsHere: config.services.localReports ? service.did : undefined,
      },
    }),
    ...openMailers(ports),
    tenantBrand: tenantBrandFinder(dispatch),
    backgroundTasks: new BackgroundTasks((error) =>
      log.error({ err: error }, 'background task failed'),
    ),
    identity: identityContext,
    movedAccounts: new MovedAccounts({ ...identityContext, clock, log }),
    rotateSigningKey: (input) => rotateSigningKey({ ...identityContext, keys, log }, input),
    resolver: identityContext.resolver,
    handles: identityContext.handles,
    handleRules: identityContext.handleRules,
    ...lifecycle,
    provisioning: openProvisioning({
      ...{ ...creation, ...identityContext, bulkWakeQueue, log, timer: ports.timer },
    }),
    service: {
      did: service.did,
      hostname: gateway.hostname,
      publicUrl: gateway.publicUrl,
      version: service.version,
      handleDomains: service.handleDomains,
      inviteRequired: invites.required,
      signUps: config.signUps,
      routineInvites: routineInvites(invites),
      mail: {
        serviceName: `${gateway.hostname} PDS`,
        confirmationLink: config.mail.confirmationLink,
      },
      blobUploadLimit: limits.blobUploadBytes,
      maxGroups: limits.groupsPerAccount,
      imports: config.imports,
      privacyPolicyUrl: service.privacyPolicyUrl,
      termsOfServiceUrl: service.termsOfServiceUrl,
      contactEmail: service.contactEmailAddress,
    },
  }
}

function openMailers({ config, mailFolder: folder, clock, log }: GatewayPorts): {
  mailer: Mailer
  moderationMailer: Mailer
} {
  const { server, moderation } = config.mail
  if (server === undefined && config.gateway.hostname !== 'localhost') {
    log.warn({ folder }, 'no SMTP server configured: mails are written to files and not sent')
  }
  const open = (account: typeof server): Mailer => {
    if (account !== undefined) {
      return smtpMailer({ url: account.smtpUrl, from: account.fromAddress, log })
    }
    return folderMailer({ folder, from: `noreply@${config.gateway.hostname}`, clock, log })
  }
  return { mailer: open(server), moderationMailer: open(moderation) }
}

/** As in the reference PDS, accounts get invite codes only if codes are required. */
function routineInvites({ required, intervalMs, epochMs }: GatewayConfig['invites']) {
  return required && intervalMs !== undefined ? { intervalMs, epochMs } : undefined
}
