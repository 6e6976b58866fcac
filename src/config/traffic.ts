/** Metrics, body timeout, connections, crawlers, rate limits and trusted proxies. */
import { isIP } from 'node:net'
import type { EnvironmentReader } from '#src/config/read.ts'

export interface TrafficConfig {
  metrics: {
    /** Readable without authentication. */
    open: boolean
    /** Operator port of a process without a gateway; undefined for none. */
    port: number | undefined
  }
  /** Maximum time for a JSON body, and maximum time without progress of a binary body. */
  bodyTimeoutMs: number
  connections: ConnectionConfig
  crawlers: string[]
  relays: {
    /** How often each is asked what it knows of this server; 0 for never. */
    intervalMs: number
  }
  /** Bounds of new accounts without an invite code, in an hour; 0 for none. */
  signUps: { perBlock: number; perServer: number }
  rateLimits: {
    enabled: boolean
    /** A request with this value in x-ratelimit-bypass is not counted. */
    bypassKey: string | undefined
    /** Addresses and CIDR ranges that are not counted, and whose X-Forwarded-For is trusted. */
    bypassIps: string[]
    /** Addresses and CIDR ranges whose X-Forwarded-For is trusted, in addition to private networks. */
    trustedProxies: string[]
  }
}

/** Bounds of what one client address may hold open; `bypassIps` are exempt. */
export interface ConnectionConfig {
  /** A socket that takes nothing of what is sent to it for this long is closed. */
  stallTimeoutMs: number
  socketsPerAddress: number
  /** Responses that have begun and that the client has not taken yet. */
  responsesPerAddress: number
  /** Of com.atproto.sync.subscribeRepos. */
  subscribersPerAddress: number
}

const DAY_MS = 24 * 60 * 60_000
const MAX_SIGN_UPS = 1_000_000

const addresses = 'a comma-separated list of IP addresses or CIDR ranges'

export function readTraffic(read: EnvironmentReader, isProduction: boolean): TrafficConfig {
  // A development server has no unknown callers.
  const open = (bound: number) => (isProduction ? bound : 0)
  return {
    metrics: {
      open: read.flag('PDS_METRICS_OPEN') ?? false,
      port: read.integer('PDS_METRICS_PORT', 1, 65535),
    },
    bodyTimeoutMs: read.integer('PDS_BODY_TIMEOUT_MS', 1, 3_600_000) ?? 30_000,
    connections: {
      stallTimeoutMs: read.integer('PDS_STALL_TIMEOUT_MS', 1, 3_600_000) ?? 60_000,
      socketsPerAddress: read.integer('PDS_MAX_SOCKETS_PER_ADDRESS', 1, 1_000_000) ?? 500,
      responsesPerAddress: read.integer('PDS_MAX_RESPONSES_PER_ADDRESS', 1, 1_000_000) ?? 100,
      subscribersPerAddress: read.integer('PDS_MAX_SUBSCRIBERS_PER_ADDRESS', 1, 1_000_000) ?? 20,
    },
    crawlers: read.urls('PDS_CRAWLERS') ?? [],
    relays: { intervalMs: read.integer('PDS_RELAY_CHECK_INTERVAL_MS', 0, DAY_MS) ?? 5 * 60_000 },
    signUps: {
      perBlock: read.integer('PDS_MAX_SIGN_UPS_PER_BLOCK', 0, MAX_SIGN_UPS) ?? open(50),
      perServer: read.integer('PDS_MAX_SIGN_UPS_PER_HOUR', 0, MAX_SIGN_UPS) ?? open(200),
    },
    rateLimits: {
      enabled: read.flag('PDS_RATE_LIMITS_ENABLED') ?? false,
      bypassKey: read.secret('PDS_RATE_LIMIT_BYPASS_KEY', 'set', () => true),
      bypassIps: read.list('PDS_RATE_LIMIT_BYPASS_IPS', addresses, isAddressRange) ?? [],
      trustedProxies: read.list('PDS_TRUSTED_PROXIES', addresses, isAddressRange) ?? [],
    },
  }
}

function isAddressRange(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/')
  const kind = isIP(address)
  if (kind === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128))
}
