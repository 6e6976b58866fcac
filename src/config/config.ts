/** The configuration: the environment of the process, read and validated once. No other file reads it. */

import { createHmac } from 'node:crypto'
import manifest from '#package' with { type: 'json' }
import { type BlobConfig, readBlobs } from '#src/config/blobs.ts'
import { type InviteConfig, readInvites } from '#src/config/invites.ts'
import { type MailConfig, readMail } from '#src/config/mail.ts'
import { ignoredNames, isKnownName, nearestName } from '#src/config/names.ts'
import { type OAuthConfig, readOAuth } from '#src/config/oauth.ts'
import { type ProxyConfig, readProxy } from '#src/config/proxy.ts'
import { type Environment, EnvironmentReader } from '#src/config/read.ts'
import { readServices, type Services } from '#src/config/services.ts'
import { readTraffic, type TrafficConfig } from '#src/config/traffic.ts'

export const { version } = manifest

export interface Config extends TrafficConfig {
  /** In development (no PDS_HOSTNAME) missing secrets are generated; in production they are required. */
  mode: 'development' | 'production'
  role: Role
  dataDirectory: string
  gateway: { host: string; port: number; hostname: string; publicUrl: string }
  service: {
    did: string
    /** Each with its leading dot. */
    handleDomains: string[]
    version: string
    contactEmailAddress: string | undefined
    privacyPolicyUrl: string | undefined
    termsOfServiceUrl: string | undefined
  }
  secrets: Partial<Secrets>
  identity: {
    /** Undefined in development: this process runs a PLC directory. */
    plcUrl: string | undefined
    devPlcPort: number | undefined
    recoveryDidKey: string | undefined
    resolverTimeoutMs: number
    /** Age from which a cached DID document is refreshed in the background, and from which it is not used. */
    didCacheStaleMs: number
    didCacheMaxMs: number
    /** Fallback for handles without a DNS record: `host` or `host:port`. */
    backupNameservers: string[]
    didDocWithSession: boolean
    /** Disables SSRF protection. */
    privateNetworks: boolean
  }
  engine: {
    /** Undefined if this process runs its own engine. */
    endpoint: string | undefined
    token: string | undefined
    namespace: string
    /** First of three consecutive ports for the engine of this process; undefined for free ones. */
    port: number | undefined
  }
  actors: { sleepTimeoutMs: number }
  services: Services
  proxy: ProxyConfig
  oauth: OAuthConfig
  invites: InviteConfig
  mail: MailConfig
  limits: { blobUploadBytes: number }
  imports: { accepted: boolean; maxBytes: number; maxRecords: number }
  blobs: BlobConfig
  sequencer: { backfillMs: number; subscriptionBuffer: number }
  log: {
    level: LogLevel
    /** RivetKit's own log; undefined for a selection of its errors. */
    rivetkit: LogLevel | undefined
  }
  warnings: string[]
}

export type Role = 'all' | 'gateway' | 'actors'

/**
 * `sealKeyHex`, 32 bytes, encrypts signing keys at rest. Gateways and actors share `internalToken`; an actor refuses
 * calls without it.
 */
export interface Secrets {
  jwtSecret: string
  adminPassword: string
  plcRotationKeyHex: string
  sealKeyHex: string
  internalToken: string
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof levels)[number]

const DAY_MS = 24 * 60 * 60 * 1000

// Log filter for RivetKit's native module: errors, except those logged each time an actor sleeps ("failed to sync
// scheduled actor alarm"), and except SQL errors, which are thrown to the caller anyway.
const quietNative = 'error,rivetkit_core::actor::schedule=off,rivetkit_core::actor::sqlite=off'

const hex32 = { expected: '64 hex digits (openssl rand -hex 32)', form: /^[0-9a-f]{64}$/i }

export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(errors: readonly string[]) {
    super(['Invalid configuration:', ...errors.map((error) => `  - ${error}`)].join('\n'))
  }
}

export function environment(): Environment {
  return process.env
}

/** Pages of 4 KiB that each actor keeps of its database; the engine's client would keep 50,000, which are 200 MB. */
const CACHED_PAGES = 16_384

/**
 * Sets the variables that native modules read when they are loaded: backtraces cost the engine's client most of its
 * time, and its log is for developers of the engine. Must be called before rivetkit is imported.
 */
export function configureNativeModules(config: Config): void {
  const settings = {
    RUST_BACKTRACE: '0',
    RUST_LIB_BACKTRACE: '0',
    RIVET_LOG_LEVEL: config.log.rivetkit ?? quietNative,
    RIVETKIT_SQLITE_OPT_VFS_PAGE_CACHE_CAPACITY_PAGES: String(CACHED_PAGES),
  }
  Object.assign(process.env, settings)
}

/** Throws `ConfigError` with all errors. */
export function readConfig(env: Environment): Config {
  const read = new EnvironmentReader(env)
  const configuredHostname = read.checked('PDS_HOSTNAME', 'a host name', isHostname)
  const hostname = configuredHostname?.toLowerCase() ?? 'localhost'
  const isProduction = hostname !== 'localhost'
  const port = read.integer('PDS_PORT', 1, 65535) ?? 2583
  const config: Config = {
    mode: isProduction ? 'production' : 'development',
    role: read.choice('PDS_ROLE', ['all', 'gateway', 'actors']) ?? 'all',
    dataDirectory: read.text('PDS_DATA_DIRECTORY') ?? (isProduction ? '/pds' : 'data'),
    gateway: {
      host: read.text('PDS_HOST') ?? (isProduction ? '0.0.0.0' : '127.0.0.1'),
      port,
      hostname,
      publicUrl: isProduction ? `https://${hostname}` : `http://localhost:${port}`,
    },
    service: readService(read, hostname),
    secrets: readSecrets(read, isProduction),
    identity: readIdentity(read, isProduction),
    engine: {
      endpoint: read.url('RIVET_ENDPOINT'),
      token: read.text('RIVET_TOKEN'),
      namespace: read.text('RIVET_NAMESPACE') ?? 'default',
      port: read.integer('PDS_ENGINE_PORT', 1, 65533),
    },
    actors: { sleepTimeoutMs: read.integer('PDS_ACTOR_SLEEP_TIMEOUT_MS', 1, DAY_MS) ?? 60_000 },
    services: readServices(read),
    proxy: readProxy(read),
    oauth: readOAuth(read, hostname),
    invites: readInvites(read, isProduction),
    mail: readMail(read),
    limits: {
      blobUploadBytes: read.integer('PDS_BLOB_UPLOAD_LIMIT', 0, 2 ** 40) ?? 5 * 1024 * 1024,
    },
    blobs: readBlobs(read),
    imports: {
      accepted: read.flag('PDS_ACCEPTING_REPO_IMPORTS') ?? true,
      maxBytes: read.integer('PDS_MAX_REPO_IMPORT_SIZE', 0, 2 ** 40) ?? 512 * 1024 * 1024,
      maxRecords: read.integer('PDS_MAX_REPO_IMPORT_RECORDS', 1, 10_000_000) ?? 1_000_000,
    },
    sequencer: {
      backfillMs: read.integer('PDS_REPO_BACKFILL_LIMIT_MS', 0, 3650 * DAY_MS) ?? DAY_MS,
      subscriptionBuffer: read.integer('PDS_MAX_SUBSCRIPTION_BUFFER', 1, 1_000_000) ?? 500,
    },
    ...readTraffic(read),
    log: {
      level: readLogLevel(read, isProduction),
      rivetkit: read.choice('RIVET_LOG_LEVEL', levels),
    },
    warnings: warnings(read),
  }
  const errors = [...unknownNames(env), ...read.errors]
  if (errors.length > 0) throw new ConfigError(errors)
  return config
}

function readService(read: EnvironmentReader, hostname: string): Config['service'] {
  const domains = read.list(
    'PDS_SERVICE_HANDLE_DOMAINS',
    'a comma-separated list of domains, each with a leading dot',
    (domain) => domain.startsWith('.') && isHostname(domain.slice(1)),
  )
  return {
    did: read.checked('PDS_SERVICE_DID', 'a DID', isDid) ?? `did:web:${hostname}`,
    handleDomains: domains?.map((domain) => domain.toLowerCase()) ?? [
      hostname === 'localhost' ? '.test' : `.${hostname}`,
    ],
    version: read.text('PDS_VERSION') ?? version,
    contactEmailAddress: read.text('PDS_CONTACT_EMAIL_ADDRESS'),
    privacyPolicyUrl: read.url('PDS_PRIVACY_POLICY_URL'),
    termsOfServiceUrl: read.url('PDS_TERMS_OF_SERVICE_URL'),
  }
}

function readIdentity(read: EnvironmentReader, isProduction: boolean): Config['identity'] {
  const isDevMode = read.flag('PDS_DEV_MODE') ?? !isProduction
  return {
    plcUrl: read.url('PDS_DID_PLC_URL') ?? (isProduction ? 'https://plc.directory' : undefined),
    devPlcPort: read.integer('PDS_DEV_PLC_PORT', 1, 65535),
    recoveryDidKey: read.checked('PDS_RECOVERY_DID_KEY', 'a did:key', (value) =>
      /^did:key:z[1-9A-HJ-NP-Za-km-z]{10,}$/.test(value),
    ),
    resolverTimeoutMs: read.integer('PDS_ID_RESOLVER_TIMEOUT', 1, 600_000) ?? 3000,
    didCacheStaleMs: read.integer('PDS_DID_CACHE_STALE_TTL', 0, 365 * DAY_MS) ?? DAY_MS / 24,
    didCacheMaxMs: read.integer('PDS_DID_CACHE_MAX_TTL', 0, 365 * DAY_MS) ?? DAY_MS,
    backupNameservers: readNameservers(read) ?? [],
    didDocWithSession: read.flag('PDS_ENABLE_DID_DOC_WITH_SESSION') ?? false,
    privateNetworks: read.flag('PDS_DISABLE_SSRF_PROTECTION') ?? isDevMode,
  }
}

function readNameservers(read: EnvironmentReader): string[] | undefined {
  return read.list(
    'PDS_HANDLE_BACKUP_NAMESERVERS',
    'a comma-separated list of host or host:port',
    (server) => /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(server),
  )
}

function readSecrets(read: EnvironmentReader, isProduction: boolean): Partial<Secrets> {
  const isLongEnough = (value: string) => !isProduction || value.length >= 16
  const atLeast = 'at least 16 characters'
  const isHex32 = (value: string) => hex32.form.test(value)
  const rotationKey = 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'
  const configured = {
    jwtSecret: read.secret('PDS_JWT_SECRET', atLeast, isLongEnough),
    adminPassword: read.secret('PDS_ADMIN_PASSWORD', atLeast, isLongEnough),
    plcRotationKeyHex: read.secret(rotationKey, hex32.expected, isHex32),
    sealKeyHex: read.secret('PDS_KEY_ENCRYPTION_KEY_HEX', hex32.expected, isHex32),
    internalToken: read.secret('PDS_INTERNAL_TOKEN', atLeast, isLongEnough),
  }
  const require = (name: string, reason: string) => {
    if (isProduction && read.text(name) === undefined) read.missing(name, reason)
  }
  require('PDS_JWT_SECRET', 'it signs session tokens (openssl rand -hex 32)')
  require('PDS_ADMIN_PASSWORD', 'it protects the admin methods (openssl rand -hex 16)')
  require(rotationKey, `it signs PLC operations; ${hex32.expected}`)
  require('PDS_KEY_ENCRYPTION_KEY_HEX', `it encrypts signing keys at rest; ${hex32.expected}`)
  const internalToken =
    configured.internalToken ?? (configured.jwtSecret && tokenFrom(configured.jwtSecret))
  const secrets = Object.entries({ ...configured, internalToken })
  return Object.fromEntries(secrets.filter(([, value]) => value !== undefined))
}

// Gateways and actors with the same JWT secret derive the same token, so it need not be configured.
function tokenFrom(jwtSecret: string): string {
  return createHmac('sha256', jwtSecret).update('headwater internal token').digest('hex')
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
  return ignored.length === 0 ? [] : [`Variables that have no effect yet: ${ignored.join(', ')}`]
}

function isHostname(value: string): boolean {
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  return value.length <= 253 && new RegExp(`^${label}(\\.${label})*$`, 'i').test(value)
}

// https://atproto.com/specs/did
function isDid(value: string): boolean {
  return value.length <= 2048 && /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/.test(value)
}
