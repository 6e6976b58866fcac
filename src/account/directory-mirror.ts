/** Mirrors the account's state to the directory: every change is pushed at least once, in order. */
import type { Profile } from '#src/account/profile.ts'
import { Mutex } from '#src/ports/mutex.ts'
import type { AccountStatus } from '#src/rules/states.ts'

export interface MirroredState {
  status: AccountStatus
  deleteAfter: string | null
}

export class DirectoryMirror {
  readonly #profile: Profile
  readonly #send: (state: MirroredState) => Promise<void>
  #pushed: string | undefined
  readonly #mutex = new Mutex()
  /** The status after the newest change, even if that is not durable yet; undefined if the row is current. */
  pendingStatus: AccountStatus | undefined

  constructor(ports: { profile: Profile; send(state: MirroredState): Promise<void> }) {
    this.#profile = ports.profile
    this.#send = (state) => ports.send(state)
  }

  runExclusive<T>(change: () => Promise<T>): Promise<T> {
    return this.#mutex.run(change)
  }

  markPushed(state: MirroredState): void {
    this.#pushed = JSON.stringify([state.status, state.deleteAfter])
  }

  async pushAgain(): Promise<void> {
    this.#pushed = undefined
    await this.push()
  }

  async push(): Promise<void> {
    const row = await this.#profile.find()
    if (row === undefined) return
    const state = { status: row.status, deleteAfter: row.deleteAfter }
    if (JSON.stringify([state.status, state.deleteAfter]) === this.#pushed) return
    await this.#send(state)
    this.markPushed(state)
  }
}
