/**
 * A connection to the engine in place of a process that has exited, in the engine's own protocol and under that process's
 * envoy key. Its pool has no actors, so that the engine starts none in it.
 */
import {
  decodeToEnvoy,
  encodeToRivet,
  StopCode,
  type ToEnvoy,
  type ToRivet,
  VERSION,
} from '@rivetkit/engine-envoy-protocol'
import { askEngine, type EngineAddress } from '#src/engine/engine-api.ts'
import { release } from '#src/release.ts'

/** One activation of an actor, by the engine's id of the actor. */
export interface StoppedActor {
  actorId: string
  generation: number
}

const TIMEOUT_MS = 5000
/** Greater than the index of any event that the process itself can have sent. */
const LAST_INDEX = 2n ** 40n
/** A pool without actors. */
const POOL = 'gone'

export interface StandIn {
  send(message: ToRivet): void
  /** On a disconnect the engine may drop what it has not read. */
  close(): void
  /** Rejects when the connection has ended, however. */
  ended: Promise<never>
}

/** Rejects if the engine does not answer within 5 s. */
export async function connectStandIn(
  engine: EngineAddress,
  envoyKey: string,
  onMessage: (message: ToEnvoy, send: StandIn['send']) => void = () => {},
): Promise<StandIn> {
  await ensurePool(engine)
  const query = new URLSearchParams({
    protocol_version: String(VERSION),
    namespace: engine.namespace,
    envoy_key: envoyKey,
    // Most likely that of the former process, which the engine knows by the same key.
    version: String(release),
    pool_name: POOL,
  })
  const url = `${engine.endpoint.replace(/^http/, 'ws')}/envoys/connect?${query}`
  const socket = new WebSocket(url, ['rivet', `rivet_token.${engine.token}`])
  socket.binaryType = 'arraybuffer'
  const send = (message: ToRivet) => socket.send(encodeToRivet(message))
  const { promise: ended, reject: end } = Promise.withResolvers<never>()
  ended.catch(() => {}) // It is thrown where it is awaited.
  socket.onerror = () => end(new Error('The connection to the engine failed'))
  socket.onclose = () => end(new Error('The engine closed the connection'))
  socket.onmessage = ({ data }) => {
    try {
      const message = decodeToEnvoy(new Uint8Array(data as ArrayBuffer))
      if (message.tag === 'ToEnvoyPing') send({ tag: 'ToRivetPong', val: message.val })
      else onMessage(message, send)
    } catch (error) {
      end(error)
      socket.close()
    }
  }
  try {
    await Promise.race([opened(socket), ended])
  } catch (error) {
    socket.close()
    throw error
  }
  return { send, close: () => socket.close(1000), ended }
}

/** Rejects if that takes more than 5 s. */
function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error('The engine did not accept the connection'))
    const timeout = setTimeout(fail, TIMEOUT_MS)
    timeout.unref()
    socket.onopen = () => {
      clearTimeout(timeout)
      resolve()
    }
  })
}

async function ensurePool(engine: EngineAddress): Promise<void> {
  const body = JSON.stringify({ datacenters: { default: { normal: {} } } })
  await askEngine(engine, `/runner-configs/${POOL}`, {}, { method: 'PUT', body })
}

/** The message that reports actors as stopped. After an error the engine keeps them; without one it destroys them. */
export function stoppedActors(actors: readonly StoppedActor[]): ToRivet {
  const stopped = { code: StopCode.Error, message: 'its process exited' }
  return {
    tag: 'ToRivetEvents',
    val: actors.map(({ actorId, generation }) => ({
      checkpoint: { actorId, generation, index: LAST_INDEX },
      inner: {
        tag: 'EventActorStateUpdate',
        val: { state: { tag: 'ActorStateStopped', val: stopped } },
      },
    })),
  }
}
