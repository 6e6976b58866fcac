/** A vitest pool of one process that outlives its runs, because most of a run is loading. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerResponse } from 'vitest/node'

type Listener = (...args: unknown[]) => void

/** Keeps a mutant that fills the memory from filling that of the machine. */
const execArgv = ['--max-old-space-size=1024']

export class WarmPool implements PoolRunnerInitializer {
  readonly name = 'warm'
  #process: ChildProcess | undefined
  #isStarted = false

  /** Ends the process with what runs in it. The next run starts another one. */
  async restart(): Promise<void> {
    const old = this.#process
    this.#process = undefined
    this.#isStarted = false
    if (old === undefined || old.exitCode !== null || old.signalCode !== null) return
    const exited = new Promise((resolve) => old.once('exit', resolve))
    old.kill('SIGKILL')
    await exited
  }

  createPoolWorker(options: PoolOptions): PoolWorker {
    const listeners: [string, Listener][] = []
    const answer = (type: 'started' | 'stopped') => {
      const response: WorkerResponse = { __vitest_worker_response__: true, type }
      const messages = listeners.filter(([event]) => event === 'message')
      setImmediate(() => {
        for (const [, listener] of messages) listener(response)
      })
    }
    const child = () => {
      this.#process ??= this.#start(options)
      return this.#process
    }
    return {
      name: this.name,
      start: async () => void child(),
      stop: async () => {
        for (const [event, listener] of listeners) this.#process?.off(event, listener)
      },
      on: (event, listener) => {
        listeners.push([event, listener])
        child().on(event, listener)
      },
      off: (event, listener) => void this.#process?.off(event, listener),
      send: (message) => {
        if (message.type === 'stop') return answer('stopped')
        if (message.type === 'start' && this.#isStarted) return answer('started')
        if (message.type === 'start') this.#isStarted = true
        this.#process?.send(message)
      },
      deserialize: (message) => message,
    }
  }

  #start({ env, execArgv: conditions }: PoolOptions): ChildProcess {
    const child = fork(join(import.meta.dirname, 'worker.ts'), [], {
      env: env as NodeJS.ProcessEnv,
      execArgv: [...conditions, ...execArgv],
      stdio: 'ignore',
      serialization: 'advanced',
    })
    child.once('exit', () => {
      if (this.#process !== child) return
      this.#process = undefined
      this.#isStarted = false
    })
    child.setMaxListeners(0)
    return child
  }
}
