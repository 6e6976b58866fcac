/** The whole server as a user runs it: `node src/main.ts` in child processes, on a data folder that survives restarts. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { freeEnginePort, freePort, killLeftovers, ServerProcess } from '#tests/support/processes.ts'

export interface ServerOptions {
  /** Variables beside port, data folder and admin password. */
  env?: Record<string, string>
  /** One process with every role, or one each for the gateway and the actors. */
  roles?: 'all' | 'split'
}

export const adminPassword = 'test-admin-password'

/**
 * Starts a server and waits until it answers. End it with `remove()`, or hold it with `await using`.
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = new TestServer(await freePort(), await freeEnginePort(), options)
  try {
    await server.start()
  } catch (error) {
    await server.remove()
    throw error
  }
  return server
}

export class TestServer {
  readonly dir = mkdtempSync(join(tmpdir(), 'headwater-test-'))
  readonly url: string
  readonly #port: number
  readonly #enginePort: number
  readonly #options: ServerOptions
  #processes: ServerProcess[] = []
  #earlierLogs = ''

  constructor(port: number, enginePort: number, options: ServerOptions) {
    this.#port = port
    this.#enginePort = enginePort
    this.#options = options
    this.url = `http://localhost:${port}`
  }

  /** The process that answers requests; with split roles the gateway. */
  get pid(): number {
    return this.#processes.at(-1)!.pid
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid)
  }

  get engineEndpoint(): string {
    return `http://127.0.0.1:${this.#enginePort}`
  }

  get enginePid(): number {
    return Number(readFileSync(join(this.dir, 'engine/engine.pid'), 'utf8'))
  }

  /** The output of all processes so far, including stopped ones. */
  get logs(): string {
    return this.#earlierLogs + this.#processes.map(({ output }) => output).join('')
  }

  async start(): Promise<void> {
    if (this.#options.roles === 'split') await this.#startActors()
    const gateway = this.#spawn(
      this.#options.roles === 'split'
        ? { PDS_ROLE: 'gateway', ...this.#engineAddress() }
        : { PDS_ROLE: 'all' },
    )
    await gateway.ready(() => answers(`${this.url}/xrpc/_health`))
  }

  /** Sends SIGTERM, to the gateway before the actors; the data stays. */
  async stop(): Promise<void> {
    for (const process of this.#processes.toReversed()) await process.terminate()
    this.#forget()
  }

  /** Kills all processes at once, as a crash; the engine is left alone. */
  async kill9(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill9()))
    this.#forget()
  }

  /** With split roles: kills the actors' process and so its engine, and starts it again. */
  async crashActors(): Promise<void> {
    const [actors, ...others] = this.#processes
    await actors!.kill9()
    this.#earlierLogs += actors!.output
    this.#processes = []
    await this.#startActors()
    this.#processes.push(...others)
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Ends every process of this server, and removes its data. */
  async remove(): Promise<void> {
    try {
      await this.stop()
    } finally {
      killLeftovers(this.dir)
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove()
  }

  async #startActors(): Promise<void> {
    const actors = this.#spawn({ PDS_ROLE: 'actors' })
    await actors.ready(async () => actors.output.includes('Headwater (actors)'))
  }

  /** The address of the actors' engine; empty if both roles use an engine of the test. */
  #engineAddress(): Record<string, string> {
    if (this.#options.env?.['RIVET_ENDPOINT']) return {}
    const secrets = JSON.parse(readFileSync(join(this.dir, 'secrets.json'), 'utf8'))
    return {
      RIVET_ENDPOINT: this.engineEndpoint,
      RIVET_TOKEN: secrets.engineToken as string,
    }
  }

  #spawn(env: Record<string, string>): ServerProcess {
    const all = { ...env, ...this.#options.env }
    const process = new ServerProcess(this.dir, {
      PDS_PORT: String(this.#port),
      PDS_DATA_DIRECTORY: this.dir,
      PDS_ADMIN_PASSWORD: adminPassword,
      ...(!all['RIVET_ENDPOINT'] && { PDS_ENGINE_PORT: String(this.#enginePort) }),
      ...all,
    })
    this.#processes.push(process)
    return process
  }

  #forget(): void {
    this.#earlierLogs = this.logs
    this.#processes = []
  }
}

export interface TestAccount {
  did: string
  handle: string
  password: string
  agent: AtpAgent
}

/** Creates an account with @atproto/api. */
export async function createTestAccount(
  server: Pick<TestServer, 'url'>,
  name: string,
): Promise<TestAccount> {
  const agent = new AtpAgent({ service: server.url })
  const handle = `${name}.test`
  const password = `password-of-${name}`
  const { data } = await agent.createAccount({ handle, email: `${name}@example.com`, password })
  return { did: data.did, handle, password, agent }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
  await answer?.body?.cancel()
  return answer?.ok === true
}
