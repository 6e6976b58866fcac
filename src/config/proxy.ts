/** How requests are passed on to other services: limits and times, under the names of the reference. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface ProxyConfig {
  http2: boolean
  /** From the request to the head of the answer. */
  headersTimeoutMs: number
  /** Between two pieces of the answer. */
  bodyTimeoutMs: number
  /** Of an answer. */
  maxBytes: number
  /** How often GET and HEAD are tried again where the connection failed. */
  maxRetries: number
  /** Whether answers that may have to be looked into are asked for compressed. */
  preferCompressed: boolean
  /** Of what is fetched from addresses that strangers give. */
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
