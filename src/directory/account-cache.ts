/** Accounts that were looked up, by the name they were asked for, until the next change of an account. */
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** An account of this server, as the directory knows it. */
export interface DirectoryAccount {
  did: string
  handle: string
  /** active, deactivated, takendown, suspended or deleted. */
  status: string
}

const MAX_ACCOUNTS = 20_000

export class AccountCache {
  #accounts = new BoundedMap<string, DirectoryAccount>(MAX_ACCOUNTS)

  /** What is kept for `identifier`, or what `read` finds now. That nobody has a name is not kept. */
  async get(
    identifier: string,
    read: () => Promise<DirectoryAccount | undefined>,
  ): Promise<DirectoryAccount | undefined> {
    const accounts = this.#accounts
    const kept = accounts.get(identifier)
    if (kept !== undefined) return kept
    const account = await read()
    // What was read before a write goes to the map of that time, which nobody looks at any more.
    if (account !== undefined) accounts.set(identifier, account)
    return account
  }

  /** To be called after every attempt to change a confirmed account, whatever became of it. */
  clear(): void {
    this.#accounts = new BoundedMap(MAX_ACCOUNTS)
  }
}
