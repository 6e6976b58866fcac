/** Calling an actor through the engine, with its errors told apart: final, or worth another try. */
import { createClient } from 'rivetkit/client'
import { type EngineError, GOING_AWAY, isTransient } from '#src/engine/going-away.ts'
import { XrpcError } from '#src/errors.ts'

/** One call: which actor, which of its actions, with what. */
export interface Call {
  actor: string
  key: string
  group: string
  action: string
  args: unknown[]
}

/** What came of one attempt at a call; `again` if another may be made. */
export type Outcome = { answer: unknown } | { error: unknown; again: boolean }

export type RemoteCall = (call: Call) => Promise<Outcome>

/** Longest time that one attempt may take. `log.follow`, the longest poll, waits at most half as long. */
export const MAX_ATTEMPT_MS = 40_000

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
      const signal = AbortSignal.timeout(MAX_ATTEMPT_MS)
      return { answer: await handle.action({ name: `${group}.${action}`, args, signal }) }
    } catch (error) {
      return toOutcome(error)
    }
  }
}

/** A user error is the XrpcError that the action threw; of the rest, transient ones may be tried again. */
function toOutcome(error: unknown): Outcome {
  const { group, code, metadata, message } = error as EngineError
  if (group === 'user' && metadata?.status !== undefined) {
    return {
      error: new XrpcError(metadata.status, code ?? 'InvalidRequest', message ?? ''),
      again: code === GOING_AWAY,
    }
  }
  return { error, again: isTransient(error as EngineError) }
}
