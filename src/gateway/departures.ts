/** Accounts that are due: looked for at the start and every minute, as long as the gateway runs. */
import { type DeletionDeps, sweepDue } from '#src/lifecycle/delete-account.ts'
import type { DidCheckDeps } from '#src/lifecycle/did-check.ts'
import type { Timer } from '#src/ports/timer.ts'

const EVERY_MS = 60_000

export class Departures {
  readonly #deps: DeletionDeps & Omit<DidCheckDeps, 'plc'> & { timer: Timer }
  #cancel = () => {}
  #stopped = false

  constructor(deps: DeletionDeps & Omit<DidCheckDeps, 'plc'> & { timer: Timer }) {
    this.#deps = deps
  }

  /** Begins at once, and goes on until `stop`. */
  watch(): void {
    void sweepDue(this.#deps, () => this.#stopped)
      .catch((error) => this.#deps.log.warn({ err: error }, 'accounts that are due were not found'))
      .finally(() => {
        if (!this.#stopped) this.#cancel = this.#deps.timer(EVERY_MS, () => this.watch())
      })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }
}
