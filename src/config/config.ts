/** The configuration: the environment of the process, read and validated once. No other file reads it. */
import { totalmem } from 'node:os'
import { type ArchiveConfig, readArchives } from '#src/config/archives.ts'
import { type BackupConfig, readBackup } from '#src/config/backup.ts'
import { type BlobConfig, readBlobs } from '#src/config/blobs.ts'
import { type EngineConfig, type PeerConfig, readEngine, readPeers } from '#src/config/engine.ts'
import { type HistoryConfig, readHistory } from '#src/config/history.ts'
import { type IdentityConfig, readIdentity } from '#src/config/identity.ts'
import { type InviteConfig, readInvites } from '#src/config/invites.ts'
import { type MailConfig, readMail } from '#src/config/mail.ts'
import { ignoredNames, isKnownName, nearestName, referenceLocations } from '#src/config/names.ts'
import { type OAuthConfig, readOAuth } from '#src/config/oauth.ts'
import { type ProxyConfig, readProxy } from '#src/config/proxy.ts'
import { type Environment, EnvironmentReader } from '#src/config/read.ts'
import { readSecrets, type Secrets } from '#src/config/secrets.ts'
import { isHostname, readService, type ServiceConfig } from '#src/config/service.ts'
import { readServices, type Services } from '#src/config/services.ts'
import { readTraffic, type TrafficConfig } from '#src/config/traffic.ts'
import { type Variable, variablesOf } from '#src/config/variables.ts'
import { isDid } from '#src/protocol/did.ts'

export interface Config extends TrafficConfig {
  /** In development (no PDS_HOSTNAME) missing secrets are generated; in production they are required. */
  mode: 'development' | 'production'
  role: Role
  dataDirectory: string
  gateway: { host: string; port: number; hostname: string; publicUrl: string }
  service: ServiceConfig
  secrets: Partial<Secrets>
  /** Accounts of this server that may open the operator's console, signed in with a second factor. */
  operatorDids: string[]
  /** Start although keys are not those that the data was written with. */
  acceptChangedKeys: boolean
  /** Places where the reference PDS would keep its accounts, besides its data folder. */
  referenceData: string[]
  identity: IdentityConfig
  engine: EngineConfig
  peers: PeerConfig
  actors: { sleepTimeoutMs: number; maxAwakeAccounts: number }
  services: Services
  proxy: ProxyConfig
  oauth: OAuthConfig
  invites: InviteConfig
  mail: MailConfig
  limits: { blobUploadBytes: number; groupsPerAccount: number }
  imports: { accepted: boolean; maxBytes: number; maxRecords: number }
  blobs: BlobConfig
  backup: BackupConfig
  history: HistoryConfig
  archives: ArchiveConfig
  /** Free bytes of a disk below which nothing that users send is stored. */
  minFreeDiskBytes: number
  sequencer: { backfillMs: number; subscriptionBuffer: number }
  /** `dictionary` is a file: the zstd dictionary of Bluesky's Jetstream. */
  jetstream: { dictionary: string | undefined }
  log: {
    level: LogLevel
    /** RivetKit's own log; undefined for a selection of its errors. */
    rivetkit: LogLevel | undefined
  }
  warnings: string[]
  /** For the operator's console. */
  variables: Variable[]
}

export type Role = 'all' | 'gateway' | 'actors'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof levels)[number]

const DAY_MS = 24 * 60 * 60 * 1000

export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(errors: readonly string[]) {
    super(['Invalid configuration:', ...errors.map((error) => `  - ${error}`)].join('\n'))
  }
}

export function environment(): Environment {
  return process.env
}

/** Throws `ConfigError` with all errors. */
export function readConfig(env: Environment): Config {
  const read = new EnvironmentReader(env)
  const configuredHostname = read.checked('PDS_HOSTNAME', 'a host name', isHostname)
  const hostname = configuredHostname?.toLowerCase() ?? 'localhost'
  const isProduction = hostname !== 'localhost'
  // Railway and Heroku choose the port and name it in PORT, Rivet Compute in RIVET_PORT.
  const ports = ['PDS_PORT', 'PORT', 'RIVET_PORT'].map((name) => read.integer(name, 1, 65535))
  const port = ports.find((number) => number !== undefined) ?? 2583
  const role = read.choice('PDS_ROLE', ['all', 'gateway', 'actors']) ?? 'all'
  const config: Config = {
    mode: isProduction ? 'production' : 'development',
    role,
    dataDirectory: read.text('PDS_DATA_DIRECTORY') ?? (isProduction ? '/pds' : 'data'),
    gateway: {
      host: read.text('PDS_HOST') ?? (isProduction ? '0.0.0.0' : '127.0.0.1'),
      port,
      hostname,
      publicUrl: isProduction ? `https://${hostname}` : `http://localhost:${port}`,
    },
    service: readService(read, hostname),
    secrets: readSecrets(read, isProduction),
    operatorDids: read.list('PDS_OPERATOR_DIDS', 'a comma-separated list of DIDs', isDid) ?? [],
    acceptChangedKeys: read.flag('PDS_ACCEPT_CHANGED_KEYS') ?? false,
    referenceData: referenceLocations.flatMap((name) => read.text(name) ?? []),
    identity: readIdentity(read, isProduction),
    engine: readEngine(read, role !== 'gateway'),
    peers: readPeers(read),
    actors: {
      sleepTimeoutMs: read.integer('PDS_ACTOR_SLEEP_TIMEOUT_MS', 1, DAY_MS) ?? 60_000,
      maxAwakeAccounts:
        read.integer('PDS_MAX_AWAKE_ACCOUNTS', 1, 1_000_000) ?? awakeAccountsFor(memoryBytes()),
    },
    services: readServices(read),
    proxy: readProxy(read),
    oauth: readOAuth(read, hostname),
    invites: readInvites(read, isProduction),
    mail: readMail(read),
    limits: {
      blobUploadBytes: read.integer('PDS_BLOB_UPLOAD_LIMIT', 0, 2 ** 40) ?? 5 * 1024 * 1024,
      groupsPerAccount: read.integer('PDS_MAX_GROUPS_PER_ACCOUNT', 0, 1_000_000) ?? 10,
    },
    blobs: readBlobs(read),
    backup: readBackup(read),
    history: readHistory(read),
    archives: readArchives(read),
    minFreeDiskBytes: read.integer('PDS_MIN_FREE_DISK_BYTES', 0, 2 ** 50) ?? 128 * 1024 * 1024,
    imports: {
      accepted: read.flag('PDS_ACCEPTING_REPO_IMPORTS') ?? true,
      maxBytes: read.integer('PDS_MAX_REPO_IMPORT_SIZE', 0, 2 ** 40) ?? 512 * 1024 * 1024,
      maxRecords: read.integer('PDS_MAX_REPO_IMPORT_RECORDS', 1, 10_000_000) ?? 1_000_000,
    },
    sequencer: {
      backfillMs: read.integer('PDS_REPO_BACKFILL_LIMIT_MS', 0, 3650 * DAY_MS) ?? DAY_MS,
      subscriptionBuffer: read.integer('PDS_MAX_SUBSCRIPTION_BUFFER', 1, 1_000_000) ?? 500,
    },
    jetstream: { dictionary: read.text('PDS_JETSTREAM_DICTIONARY') },
    ...readTraffic(read, isProduction),
    log: {
      level: readLogLevel(read, isProduction),
      rivetkit: read.choice('RIVET_LOG_LEVEL', levels),
    },
    warnings: warnings(read),
    variables: [],
  }
  config.variables = variablesOf(env, config)
  const errors = [...unknownNames(env), ...read.errors]
  if (errors.length > 0) throw new ConfigError(errors)
  return config
}

/** The memory that this process may use, in bytes: that of the machine or of its container. */
function memoryBytes(): number {
  // Without a limit it is 0, or a number that no machine has.
  return Math.min(process.constrainedMemory() || totalmem(), totalmem())
}

/** An awake account takes 0.5 MB, more with a large repo: 1 MB is reckoned, and a quarter of the memory is for them. */
export function awakeAccountsFor(bytes: number): number {
  return Math.max(256, Math.floor(bytes / 4 / 1024 ** 2))
}

// Requests are logged at debug, which is the default in development.
function readLogLevel(read: EnvironmentReader, isProduction: boolean): LogLevel {
  const level = read.choice('LOG_LEVEL', levels) ?? (isProduction ? 'info' : 'debug')
  return (read.flag('LOG_ENABLED') ?? true) ? level : 'silent'
}

function unknownNames(env: Environment): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('PDS_') && !isKnownName(name))
    .map((name) => {
      const nearest = nearestName(name)
      return `${name} is not a known variable${nearest ? `; did you mean ${nearest}?` : ''}`
    })
}

function warnings(read: EnvironmentReader): string[] {
  const ignored = ignoredNames.filter((name) => read.text(name) !== undefined)
  const withoutKey =
    read.text('PDS_ARCHIVE_LOCATION') !== undefined && read.text('PDS_BACKUP_KEY_HEX') === undefined
  return [
    ...(ignored.length === 0 ? [] : [`Variables that have no effect here: ${ignored.join(', ')}`]),
    ...(withoutKey
      ? ['Without PDS_BACKUP_KEY_HEX, an account that is lost cannot be restored from its archives']
      : []),
  ]
}
