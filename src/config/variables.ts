/** Every variable with its value and source, without secrets, for the operator's console. */
import type { Config } from '#src/config/config.ts'
import { ignoredNames, ourNames, referenceLocations, referenceNames } from '#src/config/names.ts'
import type { Environment } from '#src/config/read.ts'

export interface Variable {
  name: string
  /** Undefined for a secret, and for what is not set and has no default. */
  value: string | undefined
  isSecret: boolean
  source: 'environment' | 'data folder' | 'default' | 'none'
  /** The variable has no effect. */
  isIgnored: boolean
}

const MAX_LENGTH = 500

/** Generated into the data folder of a development server. */
const generated: readonly string[] = [
  'PDS_JWT_SECRET',
  'PDS_ADMIN_PASSWORD',
  'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  'PDS_KEY_ENCRYPTION_KEY_HEX',
  'PDS_INTERNAL_TOKEN',
]

/** Public, although their names look like those of secrets. */
const publicNames: readonly string[] = [
  'PDS_RECOVERY_DID_KEY',
  'PDS_HCAPTCHA_SITE_KEY',
  'PDS_ARCHIVE_TRUSTED_KEYS',
]

/** Names that may be those of secrets are not shown, so that new variables are covered too. */
export function isSecretName(name: string): boolean {
  if (publicNames.includes(name)) return false
  return /SECRET|PASSWORD|TOKEN|KEY|SALT|_HEX|SMTP_URL/.test(name)
}

type Defaults = Readonly<Record<string, (config: Config) => unknown>>

/** Where the configuration has the value of a variable that is not set. */
const defaults: Defaults = {
  PDS_ROLE: ({ role }) => role,
  PDS_HOST: ({ gateway }) => gateway.host,
  PDS_PORT: ({ gateway }) => gateway.port,
  PDS_HOSTNAME: ({ gateway }) => gateway.hostname,
  PDS_DATA_DIRECTORY: ({ dataDirectory }) => dataDirectory,
  PDS_SERVICE_DID: ({ service }) => service.did,
  PDS_SERVICE_HANDLE_DOMAINS: ({ service }) => service.handleDomains.join(','),
  PDS_VERSION: ({ service }) => service.version,
  PDS_SERVICE_NAME: ({ oauth }) => oauth.branding.name,
  PDS_ENGINE_COMPACTION: ({ engine }) => engine.compaction,
  PDS_DURABILITY: ({ engine }) => engine.durability,
  RIVET_NAMESPACE: ({ engine }) => engine.namespace,
  PDS_ACCEPT_CHANGED_KEYS: ({ acceptChangedKeys }) => acceptChangedKeys,
  PDS_METRICS_OPEN: ({ metrics }) => metrics.open,
  PDS_ACTOR_SLEEP_TIMEOUT_MS: ({ actors }) => actors.sleepTimeoutMs,
  PDS_MAX_AWAKE_ACCOUNTS: ({ actors }) => actors.maxAwakeAccounts,
  PDS_BODY_TIMEOUT_MS: ({ bodyTimeoutMs }) => bodyTimeoutMs,
  PDS_STALL_TIMEOUT_MS: ({ connections }) => connections.stallTimeoutMs,
  PDS_MAX_SOCKETS_PER_ADDRESS: ({ connections }) => connections.socketsPerAddress,
  PDS_MAX_RESPONSES_PER_ADDRESS: ({ connections }) => connections.responsesPerAddress,
  PDS_MAX_SUBSCRIBERS_PER_ADDRESS: ({ connections }) => connections.subscribersPerAddress,
  PDS_MAX_SIGN_UPS_PER_BLOCK: ({ signUps }) => signUps.perBlock,
  PDS_MAX_SIGN_UPS_PER_HOUR: ({ signUps }) => signUps.perServer,
  PDS_RELAY_CHECK_INTERVAL_MS: ({ relays }) => relays.intervalMs,
  PDS_RATE_LIMITS_ENABLED: ({ rateLimits }) => rateLimits.enabled,
  PDS_BLOB_TEMP_MAX_AGE_MS: ({ blobs }) => blobs.tempMaxAgeMs,
  PDS_ARCHIVE_INTERVAL_HOURS: ({ archives }) => archives.intervalMs / 3_600_000,
  PDS_ARCHIVE_DELETED_DAYS: ({ archives }) => archives.deletedKeptMs / 86_400_000,
  PDS_MIN_FREE_DISK_BYTES: ({ minFreeDiskBytes }) => minFreeDiskBytes,
  PDS_BLOB_UPLOAD_LIMIT: ({ limits }) => limits.blobUploadBytes,
  PDS_MAX_GROUPS_PER_ACCOUNT: ({ limits }) => limits.groupsPerAccount,
  PDS_ACCEPTING_REPO_IMPORTS: ({ imports }) => imports.accepted,
  PDS_MAX_REPO_IMPORT_SIZE: ({ imports }) => imports.maxBytes,
  PDS_MAX_REPO_IMPORT_RECORDS: ({ imports }) => imports.maxRecords,
  PDS_DEV_MODE: ({ identity }) => identity.privateNetworks,
  PDS_DISABLE_SSRF_PROTECTION: ({ identity }) => identity.privateNetworks,
  PDS_DID_PLC_URL: ({ identity }) => identity.plcUrl,
  PDS_ID_RESOLVER_TIMEOUT: ({ identity }) => identity.resolverTimeoutMs,
  PDS_DID_CACHE_STALE_TTL: ({ identity }) => identity.didCacheStaleMs,
  PDS_DID_CACHE_MAX_TTL: ({ identity }) => identity.didCacheMaxMs,
  PDS_ENABLE_DID_DOC_WITH_SESSION: ({ identity }) => identity.didDocWithSession,
  PDS_INVITE_REQUIRED: ({ invites }) => invites.required,
  PDS_INVITE_EPOCH: ({ invites }) => invites.epochMs,
  PDS_EMAIL_DISABLE_CONFIRMATION_LINK: ({ mail }) => !mail.confirmationLink,
  PDS_PROXY_ALLOW_HTTP2: ({ proxy }) => proxy.http2,
  PDS_PROXY_HEADERS_TIMEOUT: ({ proxy }) => proxy.headersTimeoutMs,
  PDS_PROXY_BODY_TIMEOUT: ({ proxy }) => proxy.bodyTimeoutMs,
  PDS_PROXY_MAX_RESPONSE_SIZE: ({ proxy }) => proxy.maxBytes,
  PDS_PROXY_MAX_RETRIES: ({ proxy }) => proxy.maxRetries,
  PDS_PROXY_PREFER_COMPRESSED: ({ proxy }) => proxy.preferCompressed,
  PDS_FETCH_MAX_RESPONSE_SIZE: ({ proxy }) => proxy.fetchMaxBytes,
  PDS_REPORT_SERVICE_URL: ({ services }) => services.report?.url,
  PDS_REPORT_SERVICE_DID: ({ services }) => services.report?.did,
  PDS_LOCAL_REPORTS_ENABLED: ({ services }) => services.localReports,
  PDS_MAX_SUBSCRIPTION_BUFFER: ({ sequencer }) => sequencer.subscriptionBuffer,
  PDS_REPO_BACKFILL_LIMIT_MS: ({ sequencer }) => sequencer.backfillMs,
  LOG_LEVEL: ({ log }) => log.level,
}

/** Sorted by name. */
export function variablesOf(env: Environment, config: Config): Variable[] {
  const names = [...ourNames, ...referenceNames, ...referenceLocations, ...ignoredNames]
  return [...new Set(names)].toSorted().map((name): Variable => {
    const isSecret = isSecretName(name)
    const isIgnored = ignoredNames.includes(name)
    const text = env[name]?.trim() ?? ''
    if (text !== '') {
      const value = isSecret ? undefined : withoutCredentials(text)
      return { name, value, isSecret, isIgnored, source: 'environment' }
    }
    if (generated.includes(name) && config.mode === 'development') {
      return { name, value: undefined, isSecret, isIgnored, source: 'data folder' }
    }
    const value = isSecret ? undefined : defaults[name]?.(config)
    const source = value === undefined ? 'none' : 'default'
    const shown = value === undefined ? undefined : String(value)
    return { name, value: shown, isSecret, isIgnored, source }
  })
}

/** A URL may have a password, or a token in its query. */
function withoutCredentials(text: string): string {
  const hidden = text
    .replaceAll(/(\w+:\/\/)[^/@\s,]*@/g, '$1…@')
    .replaceAll(/([?&][^=&\s,]*(?:key|token|secret|password)[^=&\s,]*=)[^&\s,]*/gi, '$1…')
  return hidden.length > MAX_LENGTH ? `${hidden.slice(0, MAX_LENGTH)}…` : hidden
}
