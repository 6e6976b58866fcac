/** What of the environment is about traffic: whom to count, whom to believe, and whom to tell. */
import { isIP } from 'node:net'
import type { EnvironmentReader } from '#src/config/read.ts'

export interface TrafficConfig {
  metrics: {
    /** Whether anybody may read them. */
    open: boolean
    /** Where a process without a gateway serves them; absent for nowhere. */
    port: number | undefined
  }
  /** How long a request's JSON body may take, and how long one of bytes may stand still. */
  bodyTimeoutMs: number
  /** URLs of relays that are told of this server when there is something new. */
  crawlers: string[]
  rateLimits: {
    enabled: boolean
    /** Whoever sends it as x-ratelimit-bypass is not counted. */
    bypassKey: string | undefined
    /** Addresses and ranges that are not counted, and whose X-Forwarded-For is believed. */
    bypassIps: string[]
    /** Addresses and ranges whose X-Forwarded-For is believed, beside those of private networks. */
    trustedProxies: string[]
  }
}

const addresses = 'IP addresses or ranges (10.0.0.0/8) between commas'

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

/** An IP address, or a range of them in CIDR form. */
function isAddressRange(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/')
  const kind = isIP(address)
  if (kind === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128))
}
