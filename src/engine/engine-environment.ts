/** The environment of our own engine: nothing is inherited, and every setting is here for a measured reason. */
import { createServer } from 'node:net'

export interface EnginePorts {
  /** Actors, clients and the API. */
  guard: number
  /** Between engines. */
  peer: number
  /** Prometheus. */
  metrics: number
}

export interface EngineSettings {
  dir: string
  token: string
  ports: EnginePorts
  /** Whether actors live in other processes than the one that runs the engine. */
  hasRemoteActors: boolean
}

export const LOOPBACK = '127.0.0.1'

/**
 * Where all actors live in the process that runs the engine, we know ourselves when it has died. To ask after it is
 * dear: the engine does so for each awake actor once in the time of silence, at a cost that grows with the square of
 * their number. 600 of them take 80 % of a core at 7 s, and 18 % at 60 s.
 */
const patience = Object.fromEntries([
  ['RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD', '60000'],
  ['RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD', '20000'],
])

/** Everything the engine is told; where its store is stands in a file, because its tools must be told too. */
export function engineEnvironment(settings: EngineSettings): Record<string, string> {
  const { dir, token, ports, hasRemoteActors } = settings
  return {
    HOME: dir,
    RUST_LOG: 'warn',
    // With backtraces the engine spends three quarters of its time on unwinding errors.
    RUST_BACKTRACE: '0',
    RUST_LIB_BACKTRACE: '0',
    // It would report its errors to its makers.
    RIVET__TELEMETRY__ENABLED: 'false',
    RIVET__AUTH__ADMIN_TOKEN: token,
    RIVET__GUARD__HOST: LOOPBACK,
    RIVET__GUARD__PORT: String(ports.guard),
    RIVET__API_PEER__HOST: LOOPBACK,
    RIVET__API_PEER__PORT: String(ports.peer),
    RIVET__METRICS__HOST: LOOPBACK,
    RIVET__METRICS__PORT: String(ports.metrics),
    // A lone small request would wait 40 ms for the acknowledgement of the one before.
    RIVET__GUARD__TCP_NODELAY: 'true',
    // An actor that found no process to start in sleeps until it is called again: whoever waits for it has to call again.
    RIVET__GUARD__ACTOR_READY_TIMEOUT_MS: '5000',
    // On a busy processor the engine puts work off, for up to 16 s; here it is the only one to do it.
    RIVET__RUNTIME__WORKER_CPU_MAX: '1000000',
    // Its stop must fit into ours. The defaults are minutes.
    RIVET__RUNTIME__WORKER_SHUTDOWN_DURATION: '8',
    RIVET__RUNTIME__GUARD_SHUTDOWN_DURATION: '2',
    RIVET__RUNTIME__FORCE_SHUTDOWN_DURATION: '8',
    // After so much silence a process counts as lost, and its actors may move; a new actor goes to none that was silent
    // for the second.
    RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: '7000',
    RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: '5000',
    // An actor that finds no process is tried again soon, and after 3 s sleeps until it is called. The default backs
    // off for up to 5 minutes, in which no call can wake it: a few quick restarts are enough for that.
    RIVET__PEGBOARD__BASE_RETRY_TIMEOUT: '100',
    RIVET__PEGBOARD__RESCHEDULE_BACKOFF_MAX_EXPONENT: '2',
    RIVET__PEGBOARD__ACTOR_RETRY_DURATION_THRESHOLD: '3000',
    // How long an actor may take to start or to fall asleep; if its process dies meanwhile, this is how long it is
    // out of reach. The default for the second is half an hour.
    RIVET__PEGBOARD__ACTOR_START_THRESHOLD: '10000',
    RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD: '20000',
    ...(hasRemoteActors ? {} : patience),
  }
}

/**
 * The ports from `first` on, or free ones. Throws an error that names a port somebody else listens on: whatever
 * answers there would be taken for our engine.
 */
export async function choosePorts(first: number | undefined): Promise<EnginePorts> {
  const wanted = first === undefined ? [0, 0, 0] : [first, first + 1, first + 2]
  const servers = await Promise.all(wanted.map(listen))
  const [guard, peer, metrics] = servers.map(({ port }) => port) as [number, number, number]
  await Promise.all(servers.map(({ close }) => close()))
  return { guard, peer, metrics }
}

function listen(port: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', () => {
      reject(new Error(`Port ${port}, which the engine should have, is taken (PDS_ENGINE_PORT)`))
    })
    server.listen(port, LOOPBACK, () => {
      const address = server.address() as { port: number }
      const close = () => new Promise<void>((done) => server.close(() => done()))
      resolve({ port: address.port, close })
    })
  })
}
