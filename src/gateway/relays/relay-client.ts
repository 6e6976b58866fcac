/** Asks a relay what it knows of this server and of its accounts. */

/** `name` is the error's if the relay named one. */
export interface RelayFailure {
  error: string
  name?: string
  isReachable: boolean
  /** How long the relay wants not to be asked. */
  retryAfterMs?: number
}

/** Undefined where the relay does not say. */
export interface HostStatus {
  status: string | undefined
  accounts: number | undefined
  seq: number | undefined
}

export interface RelayClient {
  /** com.atproto.sync.getHostStatus. Rejects never. */
  hostStatus(relay: string): Promise<HostStatus | RelayFailure>
  /** com.atproto.sync.getRepoStatus: `active`, `absent`, `unknown` or a status there. Rejects never. */
  repoStatus(relay: string, did: string): Promise<{ status: string } | RelayFailure>
}

/** Those of the lexicons; others are stored and shown as `unknown`. */
const hostStatuses = ['active', 'idle', 'offline', 'throttled', 'banned']
const repoStatuses = [
  ...['takendown', 'suspended', 'deleted', 'deactivated', 'desynchronized', 'throttled'],
]
const TIMEOUT_MS = 10_000
const MAX_MESSAGE_LENGTH = 200
const MAX_RETRY_AFTER_S = 24 * 60 * 60

export function isFailure(answer: object): answer is RelayFailure {
  return 'error' in answer
}

/** `fetch` must bound the responses. */
export function relayClient(ports: {
  fetch: typeof globalThis.fetch
  hostname: string
}): RelayClient {
  return {
    async hostStatus(relay) {
      const answer = await get(ports.fetch, relay, 'getHostStatus', { hostname: ports.hostname })
      if ('failure' in answer) return answer.failure
      const { status, accountCount, seq } = answer.body
      return {
        status: status === undefined ? undefined : known(hostStatuses, status),
        accounts: numberOf(accountCount),
        seq: numberOf(seq),
      }
    },
    async repoStatus(relay, did) {
      const answer = await get(ports.fetch, relay, 'getRepoStatus', { did })
      if (!('failure' in answer)) {
        const { active, status } = answer.body
        return { status: active === true ? 'active' : known(repoStatuses, status) }
      }
      const { failure } = answer
      return failure.name === 'RepoNotFound' ? { status: 'absent' } : failure
    },
  }
}

type Answer = { body: Record<string, unknown> } | { failure: RelayFailure }

async function get(
  fetch: typeof globalThis.fetch,
  relay: string,
  method: string,
  params: Record<string, string>,
): Promise<Answer> {
  const url = `${relay}/xrpc/com.atproto.sync.${method}?${new URLSearchParams(params)}`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body = await objectIn(response)
    if (response.ok && body !== undefined) return { body }
    return { failure: refusal(response, body) }
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } }
    const reason = shortened(String(cause?.code ?? message))
    return { failure: { error: `it cannot be reached: ${reason}`, isReachable: false } }
  }
}

/** Undefined if the body is not a JSON object. */
async function objectIn(response: Response): Promise<Record<string, unknown> | undefined> {
  const text = await response.text()
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function refusal(
  { status, ok, headers }: Response,
  body: Record<string, unknown> | undefined,
): RelayFailure {
  const { error, message } = body ?? {}
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  const said = typeof message === 'string' ? `: ${shortened(message)}` : ''
  return {
    error: ok ? 'it answers no JSON' : `it answers ${status}${said}`,
    ...(typeof error === 'string' && { name: error }),
    isReachable: true,
    ...(seconds >= 0 && { retryAfterMs: Math.min(seconds, MAX_RETRY_AFTER_S) * 1_000 }),
  }
}

// It is shown to operators: other servers must not control their terminals.
function shortened(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').slice(0, MAX_MESSAGE_LENGTH)
}

function known(names: readonly string[], value: unknown): string {
  return typeof value === 'string' && names.includes(value) ? value : 'unknown'
}

function numberOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}
