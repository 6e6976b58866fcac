/** Cache of account lookups, by handle, DID or email; cleared at every change of an account. */
import { BoundedMap } from '#src/ports/bounded-map.ts'

export interface DirectoryAccount {
  did: string
  handle: string
  status: string
}

const MAX_ACCOUNTS = 20_000

export class AccountCache {
  #accounts = new BoundedMap<string, DirectoryAccount>(MAX_ACCOUNTS)

  async get(
    identifier: string,
    read: () => Promise<DirectoryAccount | undefined>,
  ): Promise<DirectoryAccount | undefined> {
    const accounts = this.#accounts
    const cached = accounts.get(identifier)
    if (cached !== undefined) return cached
    const account = await read()
    // If `clear` ran during the read, this goes to the discarded map: the value may be stale.
    if (account !== undefined) accounts.set(identifier, account)
    return account
  }

  /** Call this after every attempt to change a confirmed account, even a failed one. */
  clear(): void {
    this.#accounts = new BoundedMap(MAX_ACCOUNTS)
  }
}
