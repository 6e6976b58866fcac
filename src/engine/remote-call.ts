/** Calling an actor through the engine, with its errors told apart: final, or worth another try. */
import { createClient } from 'rivetkit/client'
import { type Call, LONGEST_MS } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'

export type RemoteCall = (
  call: Call,
) => Promise<{ answer: unknown } | { error: unknown; again: boolean }>

export interface EngineAddress {
  endpoint: string
  token: string
  namespace: string
  /** The secret that every action demands. */
  internalToken: string
}

/**
 * The engine allows each client address a fixed rate, and takes the address from X-Forwarded-For. All calls are this
 * process's own, so they are spread over several names of the loopback.
 */
const CLIENTS = 32

/** The code of an error that says: the actor was going away, call again. */
export const GOING_AWAY = 'GoingAway'

interface ActorHandle {
  action(options: { name: string; args: unknown[]; signal: AbortSignal }): Promise<unknown>
}

export function createRemoteCall(engine: EngineAddress): RemoteCall {
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) =>
      createClient({
        endpoint: engine.endpoint,
        token: engine.token,
        namespace: engine.namespace,
        headers: { 'x-forwarded-for': `127.0.1.${i + 1}` },
        disableMetadataLookup: true,
        devtools: false,
      }) as unknown as Record<string, { getOrCreate(key: string[], options: object): ActorHandle }>,
  )
  let turn = 0
  return async ({ actor, key, group, action, args }) => {
    const client = clients[turn++ % CLIENTS]!
    const handle = client[actor]!.getOrCreate([key], { params: { internal: engine.internalToken } })
    try {
      const signal = AbortSignal.timeout(LONGEST_MS)
      return { answer: await handle.action({ name: `${group}.${action}`, args, signal }) }
    } catch (error) {
      return toOutcome(error)
    }
  }
}

/** What crossed the border as a user error is the XrpcError it was; of the rest, what speaks of a passing state is tried again. */
function toOutcome(error: unknown): { error: unknown; again: boolean } {
  const { group, code, metadata, message } = error as {
    group?: string
    code?: string
    metadata?: { status?: number }
    message?: string
  }
  if (group === 'user' && metadata?.status !== undefined) {
    return {
      error: new XrpcError(metadata.status, code ?? 'InvalidRequest', message ?? ''),
      again: code === GOING_AWAY,
    }
  }
  return { error, again: isPassing(group, code, message ?? '') }
}

const passingCodes = new Set([
  'not_found',
  'actor_not_found',
  'no_runner_config_configured',
  'restarting',
  'stopping',
  'actor_stopping',
  'service_unavailable',
  'route_resolve_query_timeout',
])

function isPassing(group: string | undefined, code: string | undefined, message: string): boolean {
  if (code !== undefined && passingCodes.has(code)) return true
  if (group === 'guard') return true
  return /actor not found|database is closed|fetch failed|socket|ECONNREFUSED|ECONNRESET|stopping|restarting|timed? ?out/i.test(
    message,
  )
}
