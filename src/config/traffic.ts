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

const addresses = 'a comma-separated list of IP addresses or CIDR ranges'

export function readTraffic(read: EnvironmentReader): TrafficConfig {
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
