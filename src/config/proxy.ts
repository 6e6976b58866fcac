/** Limits and timeouts of proxied requests, named as in the reference PDS. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface ProxyConfig {
  http2: boolean
  headersTimeoutMs: number
  /** Between two chunks of the response body. */
  bodyTimeoutMs: number
  maxBytes: number
  /** Retries of GET and HEAD after a connection failure. */
  maxRetries: number
  /** Whether responses that may be decoded here are requested compressed. */
  preferCompressed: boolean
  /** Limit for a response from a URL that a user supplied. */
  fetchMaxBytes: number
}

const HOUR_MS = 3_600_000
const MAX_BYTES = 2 ** 40

export function readProxy(read: EnvironmentReader): ProxyConfig {
  return {
    http2: read.flag('PDS_PROXY_ALLOW_HTTP2') ?? false,
    headersTimeoutMs: read.integer('PDS_PROXY_HEADERS_TIMEOUT', 1, HOUR_MS) ?? 10_000,
    bodyTimeoutMs: read.integer('PDS_PROXY_BODY_TIMEOUT', 1, HOUR_MS) ?? 30_000,
    maxBytes: read.integer('PDS_PROXY_MAX_RESPONSE_SIZE', 1, MAX_BYTES) ?? 10 * 1024 * 1024,
    maxRetries: read.integer('PDS_PROXY_MAX_RETRIES', 0, 100) ?? 0,
    preferCompressed: read.flag('PDS_PROXY_PREFER_COMPRESSED') ?? false,
    fetchMaxBytes: read.integer('PDS_FETCH_MAX_RESPONSE_SIZE', 1, MAX_BYTES) ?? 512 * 1024,
  }
}
