/** The account's state on its way out: the directory is told of every change, at least once, and in order. */
import type { Profile } from '#src/account/profile.ts'
import type { AccountStatus } from '#src/rules/states.ts'

/** The account's state, as the directory keeps it. */
export interface ToldState {
  status: AccountStatus
  /** ISO text: when the account is to be deleted. */
  deleteAfter: string | null
}

export class Standing {
  readonly #profile: Profile
  readonly #send: (state: ToldState) => Promise<void>
  #told: string | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** What the newest change, durable or not, makes of the account; undefined where the row says it. */
  coming: AccountStatus | undefined

  constructor(ports: { profile: Profile; send(state: ToldState): Promise<void> }) {
    this.#profile = ports.profile
    this.#send = (state) => ports.send(state)
  }

  /** Runs changes of the state one after another: each begins with what the one before made durable. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change)
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** The directory has this state already. */
  isKnown(state: ToldState): void {
    this.#told = JSON.stringify([state.status, state.deleteAfter])
  }

  /** Tells the directory how things stand, whatever it has heard. */
  async tellAgain(): Promise<void> {
    this.#told = undefined
    await this.tell()
  }

  /** Tells the directory how things stand, unless it has heard. To be done again until it succeeds. */
  async tell(): Promise<void> {
    const row = await this.#profile.find()
    if (row === undefined) return
    const state = { status: row.status, deleteAfter: row.deleteAfter }
    if (JSON.stringify([state.status, state.deleteAfter]) === this.#told) return
    await this.#send(state)
    this.isKnown(state)
  }
}
