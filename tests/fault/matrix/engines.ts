/** Engines that are started as on machines of their own, by `deploy/engine.sh`, and restarted when they exit. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterEngine } from '#tests/support/cluster-engine.ts'
import { freePort, pollUntil } from '#tests/support/processes.ts'
import { root } from '#tests/support/sources.ts'

const token = 'engine-of-the-matrix'
const START_TIMEOUT_MS = 90_000
/** That of systemd, unless it is told otherwise. */
const RESTART_PAUSE_MS = 100

export interface EngineStore {
  postgresUrl: string
  /** A configuration file. */
  configuration?: string
}

/** The first one to start leads: it alone writes to the store. */
export async function startEngines(
  dir: string,
  store: EngineStore,
  count: number,
): Promise<ClusterEngine> {
  const engines: Engine[] = []
  for (let n = 0; n < count; n++) {
    const engine = new Engine(join(dir, `engine-${n}.log`), await environmentOf(dir, store), store)
    engines.push(engine)
    await engine.start()
  }
  return {
    token,
    endpoint: (n) => engines[n % count]!.endpoint,
    env: { PDS_DURABILITY: 'engine' },
    kill: (which) => {
      for (const engine of which === 'all' ? engines : engines.slice(0, 1)) engine.kill()
    },
    stop: async () => {
      await Promise.all(engines.map((engine) => engine.stop()))
    },
  }
}

async function environmentOf(dir: string, store: EngineStore): Promise<Record<string, string>> {
  const [guard, peer, metrics] = [await freePort(), await freePort(), await freePort()]
  return {
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
    HOME: dir,
    RIVET__POSTGRES__URL: store.postgresUrl,
    RIVET__AUTH__ADMIN_TOKEN: token,
    RIVET__GUARD__HOST: '127.0.0.1',
    RIVET__GUARD__PORT: String(guard),
    RIVET__API_PEER__HOST: '127.0.0.1',
    RIVET__API_PEER__PORT: String(peer),
    RIVET__METRICS__HOST: '127.0.0.1',
    RIVET__METRICS__PORT: String(metrics),
  }
}

class Engine {
  readonly #log: string
  readonly #env: Record<string, string>
  readonly #flags: string[]
  #child: ChildProcess | undefined
  #isStopping = false

  constructor(log: string, env: Record<string, string>, { configuration }: EngineStore) {
    this.#log = log
    this.#env = env
    this.#flags = configuration === undefined ? [] : ['--config', configuration]
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#env['RIVET__GUARD__PORT']}`
  }

  async start(): Promise<void> {
    this.#spawn()
    const isUp = () =>
      fetch(`${this.endpoint}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    if (!(await pollUntil(isUp, START_TIMEOUT_MS)))
      throw new Error(`the engine did not start, see ${this.#log}`)
  }

  kill(): void {
    this.#child!.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  #spawn(): void {
    const log = openSync(this.#log, 'a')
    // The script execs the engine, so that the process is the engine's.
    const child = spawn(join(root, 'deploy/engine.sh'), this.#flags, {
      env: this.#env,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    child.once('exit', async () => {
      await pause(RESTART_PAUSE_MS)
      if (!this.#isStopping) this.#spawn()
    })
  }
}
