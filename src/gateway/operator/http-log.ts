/** Calls of what is no XRPC method (OAuth, pages, well-known files, the operator's routes): logged and counted. */
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
  /** Without its query, which may hold what is nobody else's business. */
  path: string
}

const SLOW_MS = 5_000
/** What a client makes up is not written down at any length. */
const LONGEST_PATH = 200

/** Tells of a call when its answer has gone, or whoever asked is gone. */
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
    const line = { id, verb, path: path.slice(0, LONGEST_PATH), status, ms }
    if (ms > SLOW_MS) log.info(line, 'a slow call')
    else log.debug(line, 'http')
  })
}

/** Methods tell of themselves. */
export function isNonXrpc(path: string): boolean {
  return !path.startsWith('/xrpc/') || path.startsWith('/xrpc/_')
}

const routes: readonly [prefix: string, route: string][] = [
  ['/oauth/', 'oauth'],
  ['/.well-known/', 'well-known'],
  ['/account', 'pages'],
  ['/@atproto/', 'pages'],
  ['/xrpc/_', 'operator'],
  ['/metrics', 'operator'],
  ['/tls-check', 'operator'],
]

/** There are only so many. */
export function routeOf(path: string): string {
  return routes.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 'other'
}
