/**
 * Tells a new engine that the actors which a former process still held have ended with it.
 *
 * The engine would believe them alive for as long as a process may be silent, and wait longer still for one that was
 * about to fall asleep; nobody could call those accounts meanwhile. This is so after kill -9, but a stop in order can
 * leave an actor too, which was just starting. So we speak for the dead process, in the engine's own protocol, as
 * RivetKit speaks it:
 *
 * 1. We connect under its name (its "envoy key"), but to a pool that no actor belongs to: who connects is given actors
 *    of its pool, and what the dead process was given would start nowhere.
 * 2. We say of each of its actors that it has stopped.
 * 3. We stay until the engine has noted all of it: when a connection ends, it may drop what it has not yet looked at.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { encodeToRivet, StopCode, VERSION } from '@rivetkit/engine-envoy-protocol'
import type { HeldActors } from '#src/engine/engine-store.ts'

interface Engine {
  endpoint: string
  token: string
}

type Actor = HeldActors['actors'][number]

/** What the engine tells of an actor. */
interface ActorState {
  actor_id: string
  connectable_ts?: number | null
  sleep_ts?: number | null
}

const TIMEOUT_MS = 5000
const PAUSE_MS = 20
/** Beyond the index of any event that the process itself can have sent. */
const LAST_INDEX = 2n ** 40n
/** The pool of those who are not there any more. */
const POOL = 'gone'
/** As many actors as the engine tells of at once. */
const PAGE = 32

/** Reports processes and their actors. Resolves when the engine has taken note; rejects if it has not within 5 s each. */
export async function reportStoppedActors(
  engine: Engine,
  dead: readonly HeldActors[],
): Promise<void> {
  const [first, ...others] = dead
  if (first === undefined) return
  await ensurePool(engine)
  const newborn = await startingAccounts(engine)
  await report(engine, { ...first, actors: [...first.actors, ...newborn] })
  for (const held of others) await report(engine, held)
}

/**
 * Accounts that were just starting for the first time: no process holds them yet, and the engine would wait 10 s for
 * them. Those that were only waking again it does wait for: their generation is not told.
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

async function report(engine: Engine, { envoyKey, actors }: HeldActors): Promise<void> {
  const query = new URLSearchParams({
    protocol_version: String(VERSION),
    namespace: 'default',
    envoy_key: envoyKey,
    version: '1',
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
    const fail = () => reject(new Error('The engine did not listen'))
    const timeout = setTimeout(fail, TIMEOUT_MS)
    socket.onopen = () => {
      clearTimeout(timeout)
      resolve()
    }
    socket.onerror = fail
    socket.onclose = fail
  })
}

/** With an error the engine keeps the actor, asleep; without one it would destroy it. */
function stopped({ actorId, generation }: Actor) {
  const state = { code: StopCode.Error, message: 'its process was killed' }
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
    if (performance.now() > until) throw new Error('The engine has not taken note')
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
