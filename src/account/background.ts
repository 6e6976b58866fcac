/** Work of an account that continues after the call that began it, step by step, until it is done or the account sleeps. */

export interface BackgroundPorts {
  keepAwake(work: Promise<unknown>): void
  pause(ms: number): Promise<void>
  onFailure(error: unknown): void
  isActorStopped(error: unknown): boolean
}

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 30_000

export class Background {
  readonly #ports: BackgroundPorts
  readonly #running = new Map<string, Promise<void>>()
  readonly #closing = Promise.withResolvers<void>()
  #closed = false

  constructor(ports: BackgroundPorts) {
    this.#ports = ports
  }

  /** Repeats `step` until it returns true, unless this work is already running. A step that fails is retried. */
  run(name: string, step: () => Promise<boolean>): void {
    if (this.#closed || this.#running.has(name)) return
    const work = this.#repeat(step).finally(() => this.#running.delete(name))
    this.#running.set(name, work)
    this.#ports.keepAwake(work)
  }

  get isBusy(): boolean {
    return this.#running.size > 0
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  /** Ends the work after the running step. Returns whether nothing was left. */
  async close(): Promise<boolean> {
    this.#closed = true
    const wasIdle = !this.isBusy
    this.#closing.resolve()
    await this.settled()
    return wasIdle
  }

  async #repeat(step: () => Promise<boolean>): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      try {
        if (await step()) return
        failures = 0
      } catch (error) {
        this.#ports.onFailure(error)
        if (this.#ports.isActorStopped(error)) return
        const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++)
        await Promise.race([this.#ports.pause(pause), this.#closing.promise])
      }
    }
  }
}
