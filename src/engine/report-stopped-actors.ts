/**
 * Reports to a new engine that the actors of a former process have stopped with it.
 *
 * The engine would consider them running until the process counts as lost, and longer for one that was about to fall
 * asleep; their accounts would not answer meanwhile. This happens after kill -9, but also after an orderly stop for an
 * actor that was just starting. So this process reports in place of the former one, in the engine's own protocol:
 *
 * 1. It connects with the former process's envoy key, but in a pool that no actor belongs to, so that the engine assigns
 *    it no actors.
 * 2. It reports each actor as stopped.
 * 3. It stays connected until the engine has processed the reports: on a disconnect it may drop those it has not read.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { encodeToRivet, StopCode, VERSION } from '@rivetkit/engine-envoy-protocol'
import type { FormerProcess } from '#src/engine/engine-store.ts'
import { release } from '#src/release.ts'

interface Engine {
  endpoint: string
  token: string
}

type Actor = FormerProcess['actors'][number]

/** What the engine's API returns of an actor. */
interface ActorState {
  actor_id: string
  connectable_ts?: number | null
  sleep_ts?: number | null
}

const TIMEOUT_MS = 5000
const PAUSE_MS = 20
/** Greater than the index of any event that the process itself can have sent. */
const LAST_INDEX = 2n ** 40n
/** A pool without actors. */
const POOL = 'gone'
/** The engine's API returns so many actors at once. */
const PAGE = 32

/** Reports processes and their actors. Resolves when the engine has processed it; rejects if that takes more than 5 s each. */
export async function reportStoppedActors(
  engine: Engine,
  stoppedProcesses: readonly FormerProcess[],
): Promise<void> {
  const [first, ...others] = stoppedProcesses
  if (first === undefined) return
  await ensurePool(engine)
  const starting = await startingAccounts(engine)
  await report(engine, { ...first, actors: [...first.actors, ...starting] })
  for (const other of others) await report(engine, other)
}

/**
 * Accounts that were starting for the first time: they belong to no process yet, and the engine would wait 10 s for them.
 * For accounts that were waking again it does wait, because its API does not return their generation.
 */
async function startingAccounts(engine: Engine): Promise<Actor[]> {
  const url = `${engine.endpoint}/actors?namespace=default&name=account&limit=${PAGE}`
  const answer = await ask(engine, url)
  const { actors } = (await answer.json()) as { actors: ActorState[] }
  return actors
    .filter(({ connectable_ts, sleep_ts }) => connectable_ts == null && sleep_ts == null)
    .map(({ actor_id }) => ({ actorId: actor_id, generation: 1 }))
}

async function ensurePool(engine: Engine): Promise<void> {
  const url = `${engine.endpoint}/runner-configs/${POOL}?namespace=default`
  const body = JSON.stringify({ datacenters: { default: { normal: {} } } })
  const answer = await ask(engine, url, { method: 'PUT', body })
  await answer.body?.cancel()
}

async function report(engine: Engine, { envoyKey, actors }: FormerProcess): Promise<void> {
  const query = new URLSearchParams({
    protocol_version: String(VERSION),
    namespace: 'default',
    envoy_key: envoyKey,
    // Most likely that of the former process, which the engine knows by the same key.
    version: String(release),
    pool_name: POOL,
  })
  const url = `${engine.endpoint.replace(/^http/, 'ws')}/envoys/connect?${query}`
  const socket = new WebSocket(url, ['rivet', `rivet_token.${engine.token}`])
  try {
    await opened(socket)
    socket.send(encodeToRivet({ tag: 'ToRivetEvents', val: actors.map(stopped) }))
    for (let i = 0; i < actors.length; i += PAGE) {
      await untilStopped(engine, actors.slice(i, i + PAGE))
    }
  } finally {
    socket.close(1000)
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error('The engine did not accept the connection'))
    const timeout = setTimeout(fail, TIMEOUT_MS)
    socket.onopen = () => {
      clearTimeout(timeout)
      resolve()
    }
    socket.onerror = fail
    socket.onclose = fail
  })
}

/** After an error the engine keeps the actor, asleep; without one it would destroy it. */
function stopped({ actorId, generation }: Actor) {
  const state = { code: StopCode.Error, message: 'its process exited' }
  return {
    checkpoint: { actorId, generation, index: LAST_INDEX },
    inner: {
      tag: 'EventActorStateUpdate',
      val: { state: { tag: 'ActorStateStopped', val: state } },
    },
  } as const
}

async function untilStopped(engine: Engine, actors: readonly Actor[]): Promise<void> {
  const ids = actors.map(({ actorId }) => actorId).join(',')
  const url = `${engine.endpoint}/actors?namespace=default&actor_ids=${ids}`
  const until = performance.now() + TIMEOUT_MS
  for (;;) {
    const answer = await ask(engine, url)
    const { actors: found } = (await answer.json()) as { actors: ActorState[] }
    if (found.every(({ connectable_ts }) => connectable_ts == null)) return
    if (performance.now() > until) throw new Error('The engine did not process the report in time')
    await pause(PAUSE_MS)
  }
}

async function ask({ token }: Engine, url: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(url, { ...init, headers, signal })
  if (!answer.ok) throw new Error(`The engine answered ${answer.status} to ${url.split('?')[0]}`)
  return answer
}
