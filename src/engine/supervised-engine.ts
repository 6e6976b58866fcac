/** An engine that is restarted whenever it exits, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises'
import type { EngineSettings } from '#src/engine/engine-environment.ts'
import { keepLogSmall, readLogTail } from '#src/engine/engine-log.ts'
import {
  type EngineProcess,
  removePidFile,
  startEngineProcess,
} from '#src/engine/engine-process.ts'
import { clearStaleState, type FormerProcess } from '#src/engine/engine-store.ts'
import { pollUntil } from '#src/engine/poll-until.ts'
import { recoveryTimeMs } from '#src/engine/recovery-time.ts'
import type { Log } from '#src/log.ts'

/** Beside the time that it takes to read its log. */
const START_MS = 30_000
const STOP_MS = 10_000
/** A request to an engine that is just starting may get no answer; the next one does. */
const HEALTH_TIMEOUT_MS = 250
/** Pauses before consecutive restarts. They begin anew after an engine ran for a minute. */
const BACKOFF_MS = [0, 100, 250, 1000, 2000]
const STEADY_MS = 60_000

export interface EmbeddedEngine {
  readonly endpoint: string
  readonly token: string
  /** The current process id. */
  readonly pid: number
  /** Whether it answered last and has not exited since. */
  healthy(): boolean
  /** Resolves as soon as the engine is healthy, at once if it is. Rejects when it is stopped. */
  whenHealthy(): Promise<void>
  /** Calls back each time the engine has exited by itself; it is restarted on the same ports. */
  onDown(listener: () => void): void
  /** Ends it with SIGKILL; it is restarted at once. */
  kill(): void
  /** Stops the engine with SIGTERM, and with SIGKILL after 10 s. */
  stop(): Promise<void>
}

export class SupervisedEngine implements EmbeddedEngine {
  readonly endpoint: string
  readonly token: string
  readonly #settings: EngineSettings
  readonly #log: Log
  readonly #listeners: (() => void)[] = []
  readonly #stopping = new AbortController()
  #process: EngineProcess | undefined
  #health = Promise.withResolvers<void>()
  #isHealthy = false
  #supervision: Promise<void> = Promise.resolve()
  #endLogLimit = () => {}

  constructor(settings: EngineSettings, log: Log) {
    this.#settings = settings
    this.#log = log
    const { host, guard } = settings.addresses
    this.endpoint = `http://${host}:${guard}`
    this.token = settings.token
    // It may be rejected while no caller waits.
    this.#health.promise.catch(() => {})
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  healthy(): boolean {
    return this.#isHealthy
  }

  whenHealthy(): Promise<void> {
    return this.#health.promise
  }

  onDown(listener: () => void): void {
    this.#listeners.push(listener)
  }

  kill(): void {
    this.#process?.kill('SIGKILL')
  }

  /** Resolves with the processes that ran actors on the former engine. */
  async start(): Promise<FormerProcess[]> {
    const processes = await this.#prepare()
    await this.#run()
    this.#endLogLimit = keepLogSmall(this.#settings.dir)
    this.#supervision = this.#supervise()
    return processes
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#endLogLimit()
    if (this.#isHealthy) this.#markUnhealthy()
    this.#health.reject(new Error('The engine is stopped'))
    await this.#end()
    await this.#supervision
    removePidFile(this.#settings.dir)
  }

  async #prepare(): Promise<FormerProcess[]> {
    return clearStaleState(this.#settings).catch((err) => {
      this.#log.warn(
        { err },
        'clearing stale keys failed; accounts may take two minutes to wake after this start',
      )
      return []
    })
  }

  /** Starts the program and waits for its first answer. */
  async #run(): Promise<void> {
    const withinMs = START_MS + recoveryTimeMs(this.#settings.dir)
    const run = startEngineProcess(this.#settings)
    this.#process = run
    const isUp = await pollUntil(() => !run.isRunning() || answers(this.endpoint), withinMs)
    if (!isUp || !run.isRunning()) {
      await this.#end()
      throw new Error(`The engine did not start:\n${readLogTail(this.#settings.dir)}`)
    }
    this.#isHealthy = true
    this.#health.resolve()
  }

  /** Restarts the engine whenever it ends, until it is to be stopped. */
  async #supervise(): Promise<void> {
    let failures = 0
    let since = Date.now()
    while (!this.#stopping.signal.aborted) {
      const how = (await this.#process?.ended) ?? 'never ran'
      if (this.#stopping.signal.aborted) return
      if (this.#isHealthy) {
        this.#markUnhealthy()
        for (const listener of this.#listeners) listener()
      }
      failures = Date.now() - since > STEADY_MS ? 0 : failures
      const backoff = BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)]!
      this.#log.error({ how, restartInMs: backoff }, 'the engine has exited')
      await pause(backoff, undefined, { signal: this.#stopping.signal }).catch(() => {})
      await this.#prepare()
      if (this.#stopping.signal.aborted) return
      since = Date.now()
      await this.#run().then(
        () => this.#log.info({ pid: this.pid }, 'the engine was restarted'),
        (err) => this.#log.error({ err }, 'restarting the engine failed'),
      )
    }
  }

  #markUnhealthy(): void {
    this.#isHealthy = false
    this.#health = Promise.withResolvers()
    this.#health.promise.catch(() => {})
  }

  /** Ends the current run. */
  async #end(): Promise<void> {
    const run = this.#process
    if (!run?.isRunning()) return
    run.kill('SIGTERM')
    if (!(await pollUntil(() => !run.isRunning(), STOP_MS))) run.kill('SIGKILL')
    await run.ended
  }
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_TIMEOUT_MS)
    const answer = await fetch(`${endpoint}/health`, { signal })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}
