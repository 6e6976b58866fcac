/** The environment of our own engine. Nothing is inherited, and every setting has a measured reason. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Where the engine listens. */
export interface EngineAddresses {
  /** An address of the loopback interface. */
  host: string
  /** For actors, clients and the API. */
  guard: number
  /** Prometheus. */
  metrics: number
}

export interface EngineSettings {
  dir: string
  token: string
  addresses: EngineAddresses
  /** Whether actors run in other processes than the one that runs the engine. */
  hasRemoteActors: boolean
  /** Whether the engine drops the history of databases. */
  compaction: boolean
}

/**
 * The peer port serves other engines without asking for a token: it lists actors, deletes them, and returns the tokens of
 * their inspectors, which run any SQL. No setting turns it off, so it gets an address that no machine has (RFC 5737) and
 * cannot listen. The engine goes on without it, but tries again and logs that every second.
 */
const closedPeerPort = Object.fromEntries([
  ['RIVET__API_PEER__HOST', '192.0.2.1'],
  ['RUST_LOG', 'warn,rivet_service_manager=off'],
])

/**
 * If all actors run in the process that runs the engine, we know when they have stopped, and the engine need not check.
 * Checking is expensive: once per threshold for each awake actor, at a cost that grows with the square of their number.
 * 600 awake actors take 80 % of a core at 7 s, and 18 % at 60 s.
 */
const localActorThresholds = Object.fromEntries([
  ['RIVET__PEGBOARD__ENVOY_PING_TIMEOUT', '15000'],
  ['RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD', '60000'],
  ['RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD', '20000'],
])

/** All settings of the engine but the path of its store, which is in a file because the engine's tools read it too. */
export function engineEnvironment(settings: EngineSettings): Record<string, string> {
  const { dir, token, addresses, hasRemoteActors, compaction } = settings
  return {
    HOME: dir,
    RUST_LOG: 'warn',
    // With backtraces the engine spends three quarters of its processor time unwinding errors.
    RUST_BACKTRACE: '0',
    RUST_LIB_BACKTRACE: '0',
    // It would send error reports to Rivet.
    RIVET__TELEMETRY__ENABLED: 'false',
    RIVET__AUTH__ADMIN_TOKEN: token,
    RIVET__GUARD__HOST: addresses.host,
    RIVET__GUARD__PORT: String(addresses.guard),
    RIVET__METRICS__HOST: addresses.host,
    RIVET__METRICS__PORT: String(addresses.metrics),
    // A lone small request would wait 40 ms for the acknowledgement of the one before.
    RIVET__GUARD__TCP_NODELAY: 'true',
    // An actor that found no process to start in sleeps until the next call, so a waiting caller has to call again.
    RIVET__GUARD__ACTOR_READY_TIMEOUT_MS: '5000',
    // On a busy processor the engine leaves work to other engines for up to 16 s. Here there is no other.
    RIVET__RUNTIME__WORKER_CPU_MAX: '1000000',
    // Shorter than our own stop timeout. The defaults are minutes.
    RIVET__RUNTIME__WORKER_SHUTDOWN_DURATION: '8',
    RIVET__RUNTIME__GUARD_SHUTDOWN_DURATION: '2',
    RIVET__RUNTIME__FORCE_SHUTDOWN_DURATION: '8',
    // A process that is silent for the first counts as lost, and its actors may move; no actor starts in a process that
    // is silent for the second.
    RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: '7000',
    RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: '5000',
    // The silence begins when the connection is closed, or has been without an answer to a ping for the first. That a ping
    // was sent is also how a process knows that its actors are still its own (engine-lease.ts), so it must be frequent.
    RIVET__PEGBOARD__ENVOY_PING_TIMEOUT: '8000',
    RIVET__PEGBOARD__ENVOY_UPDATE_PING_INTERVAL: '1000',
    // An actor that finds no process is retried soon, and sleeps after 3 s until it is called. By default it backs off
    // for up to 5 minutes, in which no call can wake it, after only a few quick restarts.
    RIVET__PEGBOARD__BASE_RETRY_TIMEOUT: '100',
    RIVET__PEGBOARD__RESCHEDULE_BACKOFF_MAX_EXPONENT: '2',
    RIVET__PEGBOARD__ACTOR_RETRY_DURATION_THRESHOLD: '3000',
    // How long an actor may take to start or to fall asleep. If its process exits meanwhile, the actor does not answer
    // for that long. The default of the second is half an hour.
    RIVET__PEGBOARD__ACTOR_START_THRESHOLD: '10000',
    RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD: '20000',
    // Each database has a limit, 10 GiB unless set, and every commit leaves its pages in the database's history: 1.5 to 4
    // million events fill the sequencer's, and then each write of the server fails for good. This is more than any disk
    // has, so the reserve of the disk is met first (src/ports/disk-space.ts), which refuses clearly and ends.
    RIVET__SQLITE__MAX_STORAGE_BYTES: '1000000000000000',
    // Drops that history; off unless set. An account of 0.8 MB that was written 1,900 times keeps 0.4 MB instead of 10.2.
    // It costs the engine 3.7 ms of processor time a record (6.1 without it), most of them in the seconds after a burst:
    // on two cores that are busy all the time, writes are a third to a half fewer.
    RIVET__SQLITE__UNSTABLE_DISABLE_COMPACTION: String(!compaction),
    ...closedPeerPort,
    ...(hasRemoteActors ? {} : localActorThresholds),
  }
}

/**
 * The port `first` of 127.0.0.1 and the one after it; or, if it is absent, any free ports. Throws if a port is taken:
 * another program there would be mistaken for our engine.
 *
 * The engine wakes and creates actors for callers without a token, although the actors then refuse them, and it answers
 * web pages of any origin. A port of 127.0.0.1 is soon found, by a page in a browser too, so any free ports are those of
 * an address that is chosen at random among 16 million, where the system has them.
 */
export async function chooseAddresses(first: number | undefined): Promise<EngineAddresses> {
  if (first !== undefined) return reserve('127.0.0.1', first, first + 1)
  const octets = Array.from({ length: 3 }, () => randomInt(1, 255))
  return reserve(`127.${octets.join('.')}`, 0, 0).catch(() => reserve('127.0.0.1', 0, 0))
}

async function reserve(host: string, ...wanted: [number, number]): Promise<EngineAddresses> {
  const servers = await Promise.all(wanted.map((port) => listen(host, port)))
  const [guard, metrics] = servers.map(({ port }) => port) as [number, number]
  await Promise.all(servers.map(({ close }) => close()))
  return { host, guard, metrics }
}

function listen(host: string, port: number): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', () => {
      reject(new Error(`Port ${port}, which the engine needs, is taken (PDS_ENGINE_PORT)`))
    })
    server.listen(port, host, () => {
      const address = server.address() as { port: number }
      const close = () => new Promise<void>((done) => server.close(() => done()))
      resolve({ port: address.port, close })
    })
  })
}
