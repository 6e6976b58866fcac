/** Logs and counts HTTP requests outside of XRPC methods: OAuth, pages, well-known files, the operator's routes. */
import type { ServerResponse } from 'node:http'
import type { Metrics } from '#src/gateway/operator/metrics.ts'
import type { Log } from '#src/log.ts'

export interface HttpLogPorts {
  log: Pick<Log, 'debug' | 'info'>
  metrics: Pick<Metrics, 'observeHttp'>
}

export interface HttpCall {
  id: string
  verb: string
  /** Without the query, which may hold secrets. */
  path: string
}

const SLOW_MS = 5_000
const MAX_PATH_LENGTH = 200

export function logHttpCall(
  { log, metrics }: HttpLogPorts,
  { id, verb, path }: HttpCall,
  response: ServerResponse,
): void {
  const started = performance.now()
  response.once('close', () => {
    const ms = performance.now() - started
    const status = response.statusCode
    metrics.observeHttp(routeOf(path), status, ms / 1000)
    const fields = { id, verb, path: path.slice(0, MAX_PATH_LENGTH), status, ms }
    if (ms > SLOW_MS) log.info(fields, 'slow HTTP request')
    else log.debug(fields, 'http')
  })
}

export function isNonXrpc(path: string): boolean {
  return !path.startsWith('/xrpc/') || path.startsWith('/xrpc/_')
}

const routes: readonly [prefix: string, route: string][] = [
  ['/oauth/', 'oauth'],
  ['/.well-known/', 'well-known'],
  ['/account', 'pages'],
  ['/admin/handle-rules', 'operator'],
  ['/admin', 'pages'],
  ['/@atproto/', 'pages'],
  ['/xrpc/_', 'operator'],
  ['/metrics', 'operator'],
  ['/tls-check', 'operator'],
]

/** One of a few words, to bound the metric's label. */
export function routeOf(path: string): string {
  return routes.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'other'
}
