/**
 * Calls to actors in other processes of this server, directly if it is known where they are.
 *
 * 1. The first call of an actor goes through the engine, which finds or wakes it. Then the actor is asked, through the
 *    engine too, for the address of its process.
 * 2. Further calls go to that address. The process refuses those of an actor that is not awake there any more, and they
 *    go through the engine again.
 * 3. If the connection is lost under a call, the call may be made again, as one whose answer the engine lost.
 *
 * Nothing here decides where an actor is, or which activation may write: that stays with the engine.
 */
import { noConnection, notThere, type PeerConnections } from '#src/engine/peer-connections.ts'
import type { Call, Outcome, RemoteCall } from '#src/engine/remote-call.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

const MAX_PLACES = 100_000
/** How long an actor is not asked again whose process has no address. */
const NO_ADDRESS_MS = 60_000

interface Place {
  /** Null if the process of the actor takes no calls from other processes. */
  address: string | null
  at: number
}

export interface PeerCallPorts {
  /** Makes a call through the engine. */
  remote: RemoteCall
  connections: Pick<PeerConnections, 'call'>
  /** Whether the actor is awake in this process; then it need not be found. */
  isHere(call: Call): boolean
  /** Of this process, if it answers peers: its own actors are called through the engine while they move. */
  ownAddress: string | undefined
  /** A monotonic clock, in ms. */
  now?: () => number
}

export function createPeerCalls(ports: PeerCallPorts): RemoteCall {
  const { remote, connections, isHere, ownAddress, now = () => performance.now() } = ports
  const places = new BoundedMap<string, Place>(MAX_PLACES)
  const asking = new Set<string>()

  const isOwn = (address: string) =>
    ownAddress !== undefined && new URL(address).origin === new URL(ownAddress).origin

  async function locate(id: string, { actor, key }: Call): Promise<void> {
    asking.add(id)
    const outcome = await remote({ actor, key, group: 'process', action: 'address', args: [] })
    asking.delete(id)
    const answer = 'answer' in outcome ? outcome.answer : null
    const address = typeof answer === 'string' && !isOwn(answer) ? answer : null
    places.set(id, { address, at: now() })
  }

  /** A process that is gone must not cost each of its actors an attempt. */
  function forget(address: string): void {
    for (const [id, place] of places) if (place.address === address) places.delete(id)
  }

  function placeOf(id: string): Place | undefined {
    const place = places.get(id)
    if (place?.address === null && now() - place.at > NO_ADDRESS_MS) places.delete(id)
    return places.get(id)
  }

  return async (call): Promise<Outcome> => {
    const id = `${call.actor} ${call.key}`
    const address = placeOf(id)?.address ?? null
    if (address !== null) {
      const outcome = await connections.call(address, call)
      const isLost = outcome === notThere || outcome === noConnection || isAgain(outcome)
      if (isLost && places.get(id)?.address === address) places.delete(id)
      if (outcome === noConnection) forget(address)
      else if (outcome !== notThere) return outcome
    }
    const outcome = await remote(call)
    const isUnknown = placeOf(id) === undefined && !asking.has(id) && !isHere(call)
    if ('answer' in outcome && isUnknown) void locate(id, call)
    return outcome
  }
}

function isAgain(outcome: Outcome): boolean {
  return 'error' in outcome && outcome.again
}
