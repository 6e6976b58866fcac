/** The account's state on its way out: the directory is told of every change, at least once, and in order. */
import type { Profile } from '#src/account/profile.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { AccountStatus } from '#src/rules/states.ts'

/** The account's state, as the directory keeps it. */
export interface MirroredState {
  status: AccountStatus
  /** ISO text: when the account is to be deleted. */
  deleteAfter: string | null
}

export class DirectoryMirror {
  readonly #profile: Profile
  readonly #send: (state: MirroredState) => Promise<void>
  #told: string | undefined
  readonly #mutex = new Mutex()
  /** What the newest change, durable or not, makes of the account; undefined where the row says it. */
  pendingStatus: AccountStatus | undefined

  constructor(ports: { profile: Profile; send(state: MirroredState): Promise<void> }) {
    this.#profile = ports.profile
    this.#send = (state) => ports.send(state)
  }

  /** Runs changes of the state one after another: each begins with what the one before made durable. */
  runExclusive<T>(change: () => Promise<T>): Promise<T> {
    return this.#mutex.run(change)
  }

  /** The directory has this state already. */
  markPushed(state: MirroredState): void {
    this.#told = JSON.stringify([state.status, state.deleteAfter])
  }

  /** Tells the directory how things stand, whatever it has heard. */
  async pushAgain(): Promise<void> {
    this.#told = undefined
    await this.push()
  }

  /** Tells the directory how things stand, unless it has heard. To be done again until it succeeds. */
  async push(): Promise<void> {
    const row = await this.#profile.find()
    if (row === undefined) return
    const state = { status: row.status, deleteAfter: row.deleteAfter }
    if (JSON.stringify([state.status, state.deleteAfter]) === this.#told) return
    await this.#send(state)
    this.markPushed(state)
  }
}
