/** Direct calls between the processes of a server, if there may be several. */
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import { isLoopback } from '#src/config/engine.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import type { LiveActors } from '#src/engine/live-actors.ts'
import type { Call, RemoteCall } from '#src/engine/remote-call.ts'
import type { Log } from '#src/log.ts'

export interface Peers {
  /**
   * Where other processes call the actors of this one, with the key by which the engine knows it behind a `#`, if that
   * is known; undefined if they do not.
   */
  address(): Promise<string | undefined>
  /** Calls an actor of another process. */
  remote: RemoteCall
}

interface PeerPorts {
  config: Pick<Config, 'role' | 'engine' | 'peers'>
  live: LiveActors
  internalToken: string
  /** Makes a call through the engine. */
  remote: RemoteCall
  engine: EngineAddress
  /** By which the engine knows this process; undefined if that is not known. */
  envoyKey: Promise<string | undefined>
  log: Log
}

/** How long a stop waits for calls of other processes, and for processes that do not answer. */
const CLOSE_TIMEOUT_MS = 2_000

/** The server for other processes stops after the actors of this one, which are called until they are asleep. */
export async function openPeers(ports: PeerPorts, parts: AsyncDisposableStack): Promise<Peers> {
  const { config, internalToken, remote, envoyKey, log } = ports
  const { role, engine, peers } = config
  if (isAlone(config)) return { address: async () => undefined, remote }
  const host = role === 'gateway' ? undefined : (peers.host ?? ownHost(engine.endpoint))
  const address = host && (await listen(ports, host, parts))
  if (host === undefined && role !== 'gateway') {
    log.warn(
      'this machine has no private address, so other processes call its actors through the engine: set PDS_PEER_HOST',
    )
  }
  const { createPeerCalls } = await import('#src/engine/peer-calls.ts')
  const { PeerConnections } = await import('#src/engine/peer-connections.ts')
  const { LostProcesses } = await import('#src/engine/lost-processes.ts')
  const lost = new LostProcesses(ports)
  const connections = new PeerConnections(internalToken, (refused) => {
    const key = new URL(refused).hash.slice(1)
    // Processes of earlier releases have none in their address.
    if (key !== '') void lost.suspect(key)
  })
  parts.defer(() => connections.close())
  const isHere = ({ actor, key }: Call) => ports.live.findCurrent(actor, key) !== undefined
  const calls = createPeerCalls({ remote, connections, isHere, ownAddress: address })
  const withKey = async () => {
    const key = address && (await envoyKey)
    return key === undefined ? address : `${address}/#${key}`
  }
  return { address: withKey, remote: calls }
}

/** Whether there can be no other process with actors. */
export function isAlone({ role, engine }: Pick<Config, 'role' | 'engine'>): boolean {
  return role === 'all' && engine.endpoint === undefined && engine.port === undefined
}

async function listen(
  { config, live, internalToken, log }: PeerPorts,
  host: string,
  parts: AsyncDisposableStack,
): Promise<string> {
  const { servePeers } = await import('#src/engine/peer-server.ts')
  const { port } = config.peers
  const server = await servePeers({ live, internalToken, host, port, log })
  parts.defer(() => Promise.race([server.close(), pause(CLOSE_TIMEOUT_MS)]))
  log.info({ address: server.address }, 'other processes of this server call its actors here')
  return server.address
}

const privateAddresses = new BlockList()
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateAddresses.addSubnet(net, bits, 'ipv4')
}
privateAddresses.addSubnet('fc00::', 7, 'ipv6')

/**
 * An address that only the other processes can reach: of the loopback interface if the engine is on this machine, else
 * the first of a private network; undefined if there is none.
 */
function ownHost(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || isLoopback(endpoint)) return '127.0.0.1'
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  return addresses.map(({ address }) => address).find(isPrivateAddress)
}

function isPrivateAddress(address: string): boolean {
  const version = isIP(address)
  return version !== 0 && privateAddresses.check(address, version === 6 ? 'ipv6' : 'ipv4')
}
