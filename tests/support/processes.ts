/** Child processes that end with the test run, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chooseAddresses } from '#src/engine/engine-environment.ts'
import { findOrphanedEngine, isRunning } from '#src/engine/engine-process.ts'
import { leakedSecrets } from '#tests/support/leaked-secrets.ts'
import { root } from '#tests/support/sources.ts'

const START_TIMEOUT_MS = 90_000
const STOP_TIMEOUT_MS = 60_000

/** The running servers with their data folders. */
const running = new Map<ChildProcess, string>()

process.once('exit', () => {
  for (const [child, folder] of running) {
    child.kill('SIGKILL')
    killLeftovers(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
})

// A signal must end the run through the exit handler above.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))

/** Kills the engine that a killed server left running on its data folder. */
export function killLeftovers(folder: string): void {
  const pid = findOrphanedEngine(join(folder, 'engine'))
  if (pid) process.kill(pid, 'SIGKILL')
}

/** A process of Node and its output: by default `node src/main.ts`. */
export class ServerProcess {
  output = ''
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>

  /** `folder` is the server's data, which is removed if the test run is interrupted. */
  constructor(
    folder: string,
    env: Record<string, string>,
    args: readonly string[] = [join(root, 'src/main.ts')],
  ) {
    this.#folder = folder
    this.#child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.set(this.#child, folder)
    this.#ended = once(this.#child, 'exit').finally(() => running.delete(this.#child))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The exit code, or null if a signal ended it; undefined while it runs. */
  get exitCode(): number | null | undefined {
    return this.isRunning ? undefined : this.#child.exitCode
  }

  /** Waits until `isReady`; throws with the output if the process exits or takes more than 90 s. */
  async ready(isReady: () => Promise<boolean>): Promise<void> {
    const isUp = await pollUntil(async () => !this.isRunning || (await isReady()), START_TIMEOUT_MS)
    if (!isUp || !this.isRunning) throw new Error(`the server did not start:\n${this.output}`)
  }

  /** Waits until the process exits. */
  async ended(): Promise<void> {
    if (this.isRunning) await this.#ended
  }

  /** Sends SIGTERM and waits; throws after 60 s, and if a secret or an unhandled rejection was printed. */
  async terminate(): Promise<void> {
    this.#child.kill('SIGTERM')
    if (await pollUntil(async () => !this.isRunning, STOP_TIMEOUT_MS))
      return this.#mustHaveGoodOutput()
    await this.kill9()
    throw new Error(`the server did not stop:\n${this.output}`)
  }

  #mustHaveGoodOutput(): void {
    // The process goes on after one, so that no other test would notice it.
    const unhandled = this.output.split('\n').filter((line) => line.includes('unhandled rejection'))
    if (unhandled.length > 0) throw new Error(`the server dropped errors:\n${unhandled.join('\n')}`)
    const leaked = leakedSecrets(this.output, this.#folder)
    if (leaked.length > 0) throw new Error(`the log tells secrets:\n${leaked.join('\n')}`)
  }

  async kill9(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended()
  }
}

/** The environment without variables that would configure a server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(PDS|RIVET|LOG)_/.test(name))
  return Object.fromEntries(others)
}

/** Polls every 25 ms; returns false after `withinMs`. */
export async function pollUntil(
  condition: () => Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const end = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > end) return false
    await pause(25)
  }
  return true
}

/** Below the ports that systems give to outgoing connections. */
const PORTS = { first: 10_000, count: 20_000 }
const claims = join(tmpdir(), 'headwater-test-ports')
let nextPort = Math.floor(Math.random() * PORTS.count)

/**
 * A loopback port that nothing listens on, and that no other test process is given: a server listens there only seconds
 * later. `claims` has a file for each, with the process that it belongs to.
 */
export async function freePort(): Promise<number> {
  const port = PORTS.first + (nextPort++ % PORTS.count)
  if (!claim(port)) return freePort()
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch {
    return freePort()
  }
  server.close()
  await once(server, 'close')
  return port
}

function claim(port: number): boolean {
  const path = join(claims, String(port))
  mkdirSync(claims, { recursive: true })
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (isRunning(Number(readFileSync(path, 'utf8')))) return false
    rmSync(path, { force: true })
    return claim(port)
  }
}

/** The first of two free ports in a row. */
export async function freeEnginePort(): Promise<number> {
  const first = await freePort()
  const isFree = await chooseAddresses(first).then(
    () => true,
    () => false,
  )
  return isFree && claim(first + 1) ? first : freeEnginePort()
}
