/** The engine's HTTP API: where it is, and which processes with actors it knows. */

export interface EngineAddress {
  endpoint: string
  token: string
  namespace: string
}

/** What the engine returns of a process with actors. */
export interface Envoy {
  envoy_key: string
  /** When the engine last sent it a ping, by the engine's clock. */
  last_ping_ts: number
  /** What the process says about itself, some milliseconds after it has joined. */
  metadata?: { rivetkit?: { version?: string } } | null
}

/** The pool in which our actors run. */
const POOL = 'default'
const MAX_ENVOYS = '1000'
const TIMEOUT_MS = 5_000

/** The engine answered, but not with what was asked for. */
export class EngineApiError extends Error {
  readonly status: number

  constructor(status: number, path: string) {
    super(`The engine answered ${status} to ${path}`)
    this.status = status
  }
}

/** The JSON that the engine answers. Throws `EngineApiError`, or what `fetch` throws, also if it takes more than 5 s. */
export async function askEngine(
  { endpoint, token, namespace }: EngineAddress,
  path: string,
  params: Record<string, string>,
  { timeoutMs = TIMEOUT_MS, ...init }: RequestInit & { timeoutMs?: number } = {},
): Promise<unknown> {
  const query = new URLSearchParams({ namespace, ...params })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await fetch(`${endpoint}${path}?${query}`, { ...init, headers, signal })
  if (answer.ok) return answer.json()
  await answer.body?.cancel()
  throw new EngineApiError(answer.status, path)
}

/** The processes with actors that are connected to the engine and do not stop; the newest first. */
export async function listEnvoys(engine: EngineAddress, timeoutMs?: number): Promise<Envoy[]> {
  const params = { name: POOL, limit: MAX_ENVOYS }
  const init = timeoutMs === undefined ? {} : { timeoutMs }
  const { envoys } = (await askEngine(engine, '/envoys', params, init)) as { envoys: Envoy[] }
  return envoys
}

/** What the engine knows of a process; undefined if it is not connected, or stops. */
export async function findEnvoy(
  engine: EngineAddress,
  envoyKey: string,
): Promise<Envoy | undefined> {
  return (await listEnvoys(engine)).find(({ envoy_key }) => envoy_key === envoyKey)
}
