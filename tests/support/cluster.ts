/** A server in several processes, each with a data folder of its own, on one engine that the test runs. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedEngine, startEngine } from '#src/engine/embedded-engine.ts'
import { createLog } from '#src/log.ts'
import { freePort, ServerProcess } from '#tests/support/processes.ts'
import { adminPassword } from '#tests/support/server.ts'

const token = 'the engine of the test'

export interface ClusterOptions {
  /** How many processes with actors. */
  actors: number
  /** Variables of every process. */
  env?: Record<string, string>
}

export class TestCluster {
  readonly dir = mkdtempSync(join(tmpdir(), 'headwater-cluster-'))
  readonly #env: Record<string, string>
  #engine!: EmbeddedEngine
  #gateway!: ServerProcess
  #port = 0
  readonly actors: ClusterProcess[] = []

  private constructor(env: Record<string, string>) {
    this.#env = env
  }

  /** End it with `await using`. */
  static async start({ actors, env = {} }: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(env)
    try {
      await cluster.#start(actors)
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  get url(): string {
    return `http://localhost:${this.#port}`
  }

  async #start(actors: number): Promise<void> {
    const log = createLog('silent')
    const engineDir = join(this.dir, 'engine')
    this.#engine = await startEngine({ dir: engineDir, token, hasRemoteActors: true, log })
    this.#port = await freePort()
    for (let n = 0; n < actors; n++) {
      const folder = join(this.dir, `actors-${n}`)
      // The secrets of the first are those of all.
      mkdirSync(folder, { mode: 0o700 })
      if (n > 0) cpSync(join(this.dir, 'actors-0/secrets.json'), join(folder, 'secrets.json'))
      const process = new ClusterProcess(folder, { PDS_ROLE: 'actors', ...this.#shared() })
      this.actors.push(process)
      await process.start()
    }
    const folder = join(this.dir, 'gateway')
    mkdirSync(folder, { mode: 0o700 })
    cpSync(join(this.dir, 'actors-0/secrets.json'), join(folder, 'secrets.json'))
    const env = { PDS_ROLE: 'gateway', PDS_PORT: String(this.#port), ...this.#shared() }
    this.#gateway = new ServerProcess(folder, { PDS_DATA_DIRECTORY: folder, ...env })
    await this.#gateway.ready(async () => {
      const answer = await fetch(`${this.url}/xrpc/_health`).catch(() => null)
      await answer?.body?.cancel()
      return answer?.ok === true
    })
  }

  #shared(): Record<string, string> {
    return {
      RIVET_ENDPOINT: this.#engine.endpoint,
      RIVET_TOKEN: token,
      PDS_ENGINE_DIRECTORY: join(this.dir, 'engine'),
      PDS_ADMIN_PASSWORD: adminPassword,
      PDS_BLOBSTORE_DISK_LOCATION: join(this.dir, 'blobs'),
      LOG_LEVEL: 'warn',
      ...this.#env,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.kill9()
    for (const process of this.actors) await process.kill9()
    await this.#engine?.stop()
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** A process with actors, which can be stopped and started again on its folder. */
export class ClusterProcess {
  readonly #folder: string
  readonly #env: Record<string, string>
  #process: ServerProcess | undefined
  #earlierOutput = ''

  constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder
    this.#env = env
  }

  get pid(): number {
    return this.#process!.pid
  }

  /** Of all its starts. */
  get output(): string {
    return this.#earlierOutput + (this.#process?.output ?? '')
  }

  async start(): Promise<void> {
    this.#earlierOutput = this.output
    const env = { PDS_DATA_DIRECTORY: this.#folder, ...this.#env }
    const process = new ServerProcess(this.#folder, env)
    this.#process = process
    await process.ready(async () => process.output.includes('Headwater (actors)'))
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    await this.#process!.terminate()
  }

  async kill9(): Promise<void> {
    await this.#process?.kill9()
  }
}
