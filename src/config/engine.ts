/** The engine: our own or another one, and what acknowledged writes survive. */
import { isIP } from 'node:net'
import type { EnvironmentReader } from '#src/config/read.ts'

export interface EngineConfig {
  /** Undefined if this process runs its own engine. */
  endpoint: string | undefined
  token: string | undefined
  namespace: string
  /** First of two consecutive ports of 127.0.0.1 for the engine of this process; undefined for any free ones. */
  port: number | undefined
  /** Whether our own engine drops the history of databases. */
  compaction: boolean
  /** The engine's folder on this machine, if another process runs it. */
  directory: string | undefined
  /** What acknowledged writes survive: a power failure, only the end of processes, or what the engine's database survives. */
  durability: 'power' | 'process' | 'engine'
}

/** Where other processes of the server call the actors of this one directly. */
export interface PeerConfig {
  /** An address of this machine; undefined to choose one of a private network. */
  host: string | undefined
  /** Undefined for any free port. */
  port: number | undefined
}

export function readPeers(read: EnvironmentReader): PeerConfig {
  return {
    host: read.checked('PDS_PEER_HOST', 'an IP address that other processes reach', isReachable),
    port: read.integer('PDS_PEER_PORT', 1, 65535),
  }
}

function isReachable(address: string): boolean {
  return isIP(address) !== 0 && !['0.0.0.0', '::'].includes(address)
}

/** `hasActors`: whether this process runs actors, which write. */
export function readEngine(read: EnvironmentReader, hasActors: boolean): EngineConfig {
  const { endpoint, namespace, token } = readEndpoint(read)
  const directory = read.text('PDS_ENGINE_DIRECTORY')
  const durability = read.choice('PDS_DURABILITY', ['power', 'process', 'engine'])
  if (directory !== undefined && endpoint === undefined) {
    read.errors.push(
      'PDS_ENGINE_DIRECTORY is only for an engine of another process (RIVET_ENDPOINT)',
    )
  }
  if (durability === 'engine' && (endpoint === undefined || directory !== undefined)) {
    read.errors.push(
      'PDS_DURABILITY=engine is only for an engine of another process (RIVET_ENDPOINT) that does not store in a folder',
    )
  }
  const isUnclear = hasActors && directory === undefined && durability === undefined
  if (endpoint !== undefined && isUnclear && isLoopback(endpoint)) {
    read.missing(
      'PDS_ENGINE_DIRECTORY',
      'the engine at RIVET_ENDPOINT is on this machine, and does not sync what it stores. Name its folder (engine in the data folder of the process that runs it), or set PDS_DURABILITY=engine if it stores in Postgres, or PDS_DURABILITY=process if acknowledged writes need not survive a power failure',
    )
  }
  return {
    endpoint,
    token,
    namespace: namespace ?? 'default',
    port: read.integer('PDS_ENGINE_PORT', 1, 65534),
    compaction: read.flag('PDS_ENGINE_COMPACTION') ?? true,
    directory,
    durability: durability ?? 'power',
  }
}

interface Endpoint {
  endpoint: string | undefined
  namespace: string | undefined
  token: string | undefined
}

/** Rivet Cloud hands out URLs that contain the namespace and the token: `https://namespace:token@host`. */
function readEndpoint(read: EnvironmentReader): Endpoint {
  const endpoint = read.url('RIVET_ENDPOINT')
  const apart = { namespace: read.text('RIVET_NAMESPACE'), token: read.text('RIVET_TOKEN') }
  const url = endpoint === undefined ? null : URL.parse(endpoint)
  if (url === null) return { endpoint, ...apart }
  const inside = { namespace: decoded(url.username), token: decoded(url.password) }
  for (const name of ['namespace', 'token'] as const) {
    if (inside[name] === undefined || [undefined, inside[name]].includes(apart[name])) continue
    read.errors.push(`RIVET_${name.toUpperCase()} is not the ${name} that RIVET_ENDPOINT contains`)
  }
  url.username = ''
  url.password = ''
  return {
    endpoint: url.href.replace(/\/+$/, ''),
    namespace: inside.namespace ?? apart.namespace,
    token: inside.token ?? apart.token,
  }
}

function decoded(text: string): string | undefined {
  return text === '' ? undefined : decodeURIComponent(text)
}

/** Whether the URL is of this machine. */
export function isLoopback(endpoint: string): boolean {
  const host = URL.parse(endpoint)?.hostname ?? ''
  return host === 'localhost' || host.startsWith('127.') || host === '[::1]'
}
