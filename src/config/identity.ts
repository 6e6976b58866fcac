/** How DIDs and handles are created and resolved. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface IdentityConfig {
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

const DAY_MS = 24 * 60 * 60 * 1000

export function readIdentity(read: EnvironmentReader, isProduction: boolean): IdentityConfig {
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
