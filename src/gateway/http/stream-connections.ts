/** The open connections of one streaming endpoint: checked every few seconds, and closed when the server stops. */
import { setTimeout as pause } from 'node:timers/promises'
import { GOING_AWAY } from '#src/gateway/http/stream-connection.ts'

const CHECK_INTERVAL_MS = 10_000
const CLOSE_TIMEOUT_MS = 1_000

interface Connection {
  readonly isOpen: boolean
  readonly closed: Promise<void>
  check(now: number): void
  end(code: number, reason: string): void
  terminate(): void
}

export class StreamConnections<C extends Connection> {
  readonly #open = new Set<C>()
  readonly #checkTimer: NodeJS.Timeout

  constructor({ stallTimeoutMs }: { stallTimeoutMs: number }) {
    const check = () => {
      const now = performance.now()
      for (const connection of this.#open) connection.check(now)
    }
    this.#checkTimer = setInterval(check, Math.min(CHECK_INTERVAL_MS, stallTimeoutMs / 2))
    this.#checkTimer.unref()
  }

  add(connection: C): void {
    this.#open.add(connection)
    void connection.closed.then(() => this.#open.delete(connection))
  }

  all(): C[] {
    return [...this.#open]
  }

  async close(reason: string): Promise<void> {
    clearInterval(this.#checkTimer)
    const closing = this.all().map((connection) => {
      connection.end(GOING_AWAY, reason)
      return connection.closed
    })
    await Promise.race([Promise.all(closing), pause(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
    for (const connection of this.#open) connection.terminate()
  }
}
