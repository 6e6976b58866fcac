/** A server in several processes, each with a data folder of its own, on one engine that the test runs. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '#src/log.ts'
import { startPlcServer } from '#src/plc/plc-server.ts'
import { type ClusterEngine, startFolderEngine } from '#tests/support/cluster-engine.ts'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import { freePort, ServerProcess } from '#tests/support/processes.ts'
import { adminPassword } from '#tests/support/server.ts'
import { TcpProxy } from '#tests/support/tcp-proxy.ts'

const redirection = join(import.meta.dirname, 'redirect-peers.mjs')

export interface ClusterOptions {
  /** How many processes with actors. */
  actors: number
  /** How many gateways; one if absent. */
  gateways?: number
  /** Variables of every process. */
  env?: Record<string, string>
  /** Starts the engine; `dir` is for its files. */
  engine?: (dir: string) => Promise<ClusterEngine>
  /** Which connections of the first process with actors go over `cable`: to the engine, or from the other processes. */
  cable?: 'engine' | 'peers'
}

export class TestCluster {
  readonly dir = mkdtempSync(join(tmpdir(), 'headwater-cluster-'))
  readonly #options: ClusterOptions
  /** Variables of every process. */
  readonly #env: Record<string, string>
  readonly #parts = new AsyncDisposableStack()
  #engine!: ClusterEngine
  #cable: TcpProxy | undefined
  readonly actors: ClusterProcess[] = []
  readonly gateways: ServerProcess[] = []
  /** Of the gateways. */
  readonly urls: string[] = []

  private constructor(options: ClusterOptions) {
    this.#options = options
    this.#env = { ...options.env }
    this.#parts.defer(() => rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 }))
  }

  /** End it with `await using`. */
  static async start(options: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    try {
      await cluster.#start()
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
    return cluster
  }

  /** Of the first gateway. */
  get url(): string {
    return this.urls[0]!
  }

  get engine(): ClusterEngine {
    return this.#engine
  }

  get cable(): TcpProxy {
    return this.#cable!
  }

  async #start(): Promise<void> {
    const { actors, gateways = 1, engine = startFolderEngine } = this.#options
    this.#engine = await engine(this.dir)
    this.#parts.defer(() => this.#engine.stop())
    if (gateways > 1) await this.#startPlc()
    const variables = await this.#layCable()
    for (let n = 0; n < actors; n++) {
      const metricsPort = await freePort()
      const env = { PDS_ROLE: 'actors', PDS_METRICS_PORT: String(metricsPort) }
      // The secrets of the first are those of all.
      const folder = this.#folder(`actors-${n}`)
      const process = new ClusterProcess(folder, { ...env, ...this.#shared(n), ...variables(n) })
      this.actors.push(process)
      this.#parts.defer(() => process.kill9())
      await process.start()
    }
    for (let n = 0; n < gateways; n++) await this.#startGateway(n, variables(-1))
  }

  async #startGateway(n: number, variables: Record<string, string>): Promise<void> {
    const folder = this.#folder(`gateway-${n}`)
    const port = await freePort()
    const env = { PDS_ROLE: 'gateway', PDS_PORT: String(port), PDS_DATA_DIRECTORY: folder }
    // Not on the engine of the process with actors of the same number, if there are several.
    const gateway = new ServerProcess(folder, { ...env, ...this.#shared(n + 1), ...variables })
    this.gateways.push(gateway)
    this.#parts.defer(() => gateway.kill9())
    const url = `http://localhost:${port}`
    this.urls.push(url)
    await gateway.ready(async () => {
      const answer = await fetch(`${url}/xrpc/_health`).catch(() => null)
      await answer?.body?.cancel()
      return answer?.ok === true
    })
  }

  /** Otherwise the PLC directory is in the gateway, and of several each has its own. */
  async #startPlc(): Promise<void> {
    const plc = await startPlcServer({ path: ':memory:', log: createLog('silent') })
    this.#parts.defer(() => plc.stop())
    this.#env['PDS_DID_PLC_URL'] = plc.url
  }

  /** Returns the variables that lead the n-th process with actors, or any other, over the cable. */
  async #layCable(): Promise<(n: number) => Record<string, string>> {
    const { cable } = this.#options
    if (cable === undefined) return () => ({})
    const port = await freePort()
    const target = cable === 'engine' ? this.#engine.endpoint(0) : `http://127.0.0.1:${port}`
    const proxy = await TcpProxy.open(target)
    this.#cable = proxy
    this.#parts.use(proxy)
    const { endpoint } = proxy
    if (cable === 'engine') return (n) => (n === 0 ? { RIVET_ENDPOINT: endpoint } : {})
    const redirected = {
      NODE_OPTIONS: `--import=${redirection}`,
      PEER_PORT_FROM: String(port),
      PEER_PORT_TO: new URL(endpoint).port,
    }
    return (n) => (n === 0 ? { PDS_PEER_PORT: String(port) } : redirected)
  }

  #folder(name: string): string {
    const folder = join(this.dir, name)
    mkdirSync(folder, { mode: 0o700 })
    if (this.actors.length > 0) {
      cpSync(join(this.dir, 'actors-0/secrets.json'), join(folder, 'secrets.json'))
    }
    return folder
  }

  #shared(n: number): Record<string, string> {
    return {
      RIVET_ENDPOINT: this.#engine.endpoint(n),
      RIVET_TOKEN: this.#engine.token,
      PDS_ADMIN_PASSWORD: adminPassword,
      PDS_BLOBSTORE_DISK_LOCATION: join(this.dir, 'blobs'),
      LOG_LEVEL: 'warn',
      ...this.#engine.env,
      ...this.#env,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.disposeAsync()
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

  /** How many accounts are awake in it, according to its metrics. */
  async awakeAccounts(): Promise<number> {
    const url = `http://127.0.0.1:${this.#env['PDS_METRICS_PORT']}/metrics`
    const answer = await fetch(url, { headers: { authorization: adminAuthorization } })
    return Number(/^headwater_accounts_awake (\d+)$/m.exec(await answer.text())![1])
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    await this.#process!.terminate()
  }

  async kill9(): Promise<void> {
    await this.#process?.kill9()
  }
}
