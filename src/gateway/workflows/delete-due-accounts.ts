/** Accounts that are due: looked for at the start, soon after it, and every minute, as long as the gateway runs. */
import { type DeletionDeps, deleteDueAccounts } from '#src/gateway/workflows/delete-account.ts'
import type { DidCheckDeps } from '#src/gateway/workflows/did-check.ts'
import type { Timer } from '#src/ports/timer.ts'

const INTERVAL_MS = 60_000
/** The second look: accounts that were reminded at the start have told by then that they are deleted. */
const SECOND_RUN_MS = 5_000

export class DueDeletions {
  readonly #deps: DeletionDeps & Omit<DidCheckDeps, 'plc'> & { timer: Timer }
  #cancel = () => {}
  #pause = SECOND_RUN_MS
  #stopped = false

  constructor(deps: DeletionDeps & Omit<DidCheckDeps, 'plc'> & { timer: Timer }) {
    this.#deps = deps
  }

  /** Begins at once, and goes on until `stop`. */
  start(): void {
    void deleteDueAccounts(this.#deps, () => this.#stopped)
      .catch((error) => this.#deps.log.warn({ err: error }, 'accounts that are due were not found'))
      .finally(() => {
        if (!this.#stopped) this.#cancel = this.#deps.timer(this.#pause, () => this.start())
        this.#pause = INTERVAL_MS
      })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }
}
