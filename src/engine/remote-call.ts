/** Calls an actor through the engine, and separates final errors from those after which the call may be made again. */
import { createClient } from 'rivetkit/client'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import {
  asksForRetry,
  type EngineError,
  isTransient,
  isUnknownAction,
  upgrading,
} from '#src/engine/going-away.ts'
import { XrpcError } from '#src/errors.ts'
import { release } from '#src/release.ts'

/** One call: which actor, which of its actions, with what. */
export interface Call {
  actor: string
  key: string
  group: string
  action: string
  args: unknown[]
}

/** The result of one attempt at a call; `again` if another may be made. */
export type Outcome = { answer: unknown } | { error: unknown; again: boolean }

export type RemoteCall = (call: Call) => Promise<Outcome>

/** Longest time that one attempt may take. `log.follow`, the longest poll, waits at most half as long. */
export const MAX_ATTEMPT_MS = 40_000

interface RemoteCallOptions extends EngineAddress {
  /** The secret that actors demand of their callers. */
  internalToken: string
  /** The release that the calls name; this build's if absent. */
  release?: number
}

/**
 * The engine allows each client address 10,000 requests a minute, and takes the address from X-Forwarded-For. All calls
 * are this process's own, so they are spread over several addresses of the loopback.
 */
const CLIENTS = 32

interface ActorHandle {
  action(options: { name: string; args: unknown[]; signal: AbortSignal }): Promise<unknown>
}

export function createRemoteCall(engine: RemoteCallOptions): RemoteCall {
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
  const params = { internal: engine.internalToken, release: engine.release ?? release }
  let turn = 0
  return async ({ actor, key, group, action, args }) => {
    const client = clients[turn++ % CLIENTS]!
    const handle = client[actor]!.getOrCreate([key], { params })
    try {
      const signal = AbortSignal.timeout(MAX_ATTEMPT_MS)
      return { answer: await handle.action({ name: `${group}.${action}`, args, signal }) }
    } catch (error) {
      return toOutcome(error)
    }
  }
}

/** An error of the group `user` is the XrpcError that the action threw. */
function toOutcome(error: unknown): Outcome {
  const { group, code, metadata, message } = error as EngineError
  if (group === 'user' && metadata?.status !== undefined) {
    const { status, headers } = metadata
    const thrown = new XrpcError(status, code ?? 'InvalidRequest', message ?? '', headers)
    return { error: thrown, again: asksForRetry(thrown) }
  }
  // The actor's process is of an older release. It is being replaced; after the last attempt the caller gets this error.
  if (isUnknownAction(error as EngineError)) return { error: upgrading(), again: true }
  return { error, again: isTransient(error as EngineError) }
}
