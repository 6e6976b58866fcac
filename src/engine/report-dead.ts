/**
 * Tells a new engine that the actors which a former process still held have ended with it.
 *
 * The engine would believe them alive for as long as a process may be silent, and wait longer still for one that was
 * about to fall asleep; nobody could call those accounts meanwhile. This is so after kill -9, but a stop in order can
 * leave an actor too, which was just starting. So we speak for the dead process: we connect under
 * its name (its "envoy key") and say of each actor that it has stopped. It is the engine's own protocol, as RivetKit
 * speaks it.
 */
import { encodeToRivet, StopCode, VERSION } from '@rivetkit/engine-envoy-protocol'
import type { Held } from '#src/engine/engine-store.ts'

const PATIENCE_MS = 3000
/** Beyond the index of any event that the process itself can have sent. */
const LAST_INDEX = 2n ** 40n

/** Reports a process and its actors. Resolves when the engine has taken note; rejects if it has not within 3 s. */
export async function reportDead(
  engine: { endpoint: string; token: string },
  { envoyKey, actors }: Held,
): Promise<void> {
  const query = new URLSearchParams({
    protocol_version: String(VERSION),
    namespace: 'default',
    envoy_key: envoyKey,
    version: '1',
    pool_name: 'default',
  })
  const url = `${engine.endpoint.replace(/^http/, 'ws')}/envoys/connect?${query}`
  const socket = new WebSocket(url, ['rivet', `rivet_token.${engine.token}`])
  return new Promise((resolve, reject) => {
    const impatience = setTimeout(() => socket.close(), PATIENCE_MS)
    let isSaid = false
    socket.onopen = () => {
      socket.send(encodeToRivet({ tag: 'ToRivetEvents', val: actors.map(stopped) }))
      isSaid = true
      socket.close(1000)
    }
    socket.onerror = () => {}
    socket.onclose = () => {
      clearTimeout(impatience)
      if (isSaid) resolve()
      else reject(new Error('The engine did not listen'))
    }
  })
}

/** With an error the engine keeps the actor, asleep; without one it would destroy it. */
function stopped({ actorId, generation }: Held['actors'][number]) {
  const state = { code: StopCode.Error, message: 'its process was killed' }
  return {
    checkpoint: { actorId, generation, index: LAST_INDEX },
    inner: {
      tag: 'EventActorStateUpdate',
      val: { state: { tag: 'ActorStateStopped', val: state } },
    },
  } as const
}
