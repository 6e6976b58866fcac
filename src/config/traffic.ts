/** Metrics, body timeout, crawlers, rate limits and trusted proxies. */
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

const addresses = 'a comma-separated list of IP addresses or CIDR ranges'

export function readTraffic(read: EnvironmentReader): TrafficConfig {
  return {
    metrics: {
      open: read.flag('PDS_METRICS_OPEN') ?? false,
      port: read.integer('PDS_METRICS_PORT', 1, 65535),
    },
    bodyTimeoutMs: read.integer('PDS_BODY_TIMEOUT_MS', 1, 3_600_000) ?? 30_000,
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
