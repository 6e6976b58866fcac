/**
 * Refuses record writes of accounts whose DID has moved to another server: relays ignore them, so the owner would lose
 * them without noticing. The DID is looked up after a write, at most once an hour, so that no write waits for it.
 */
import { invalidRequest } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import { type DidDocument, serviceEndpoint, verificationKey } from '#src/protocol/did-document.ts'

export interface MovedAccountsPorts {
  dispatch: {
    account(did: string): {
      identity: { getIdentity(): Promise<{ signingKeyDid: string; status: string }> }
    }
  }
  resolver: DidResolver
  credentials: { publicUrl: string }
  clock: Clock
  log: Pick<Log, 'warn'>
}

interface Check {
  checkedAt: number
  /** The URL of the other server. */
  movedTo: string | undefined
}

const HERE_MS = 60 * 60_000
/** As often as the resolver refreshes a DID: an account that has moved back may write soon. */
const MOVED_MS = 10_000
const MAX_CHECKS = 10_000
const MAX_WAITING = 1_000

export class MovedAccounts {
  readonly #ports: MovedAccountsPorts
  readonly #checks = new BoundedMap<string, Check>(MAX_CHECKS)
  readonly #waiting = new Set<string>()
  #running: Promise<void> | undefined

  constructor(ports: MovedAccountsPorts) {
    this.#ports = ports
  }

  /** Throws 400 if the last check has found the DID at another server. */
  mustBeHere(did: string): void {
    const check = this.#checks.get(did)
    const age = check === undefined ? HERE_MS : this.#ports.clock.now() - check.checkedAt
    if (age >= (check?.movedTo === undefined ? HERE_MS : MOVED_MS)) this.#enqueue(did)
    if (check?.movedTo === undefined) return
    throw invalidRequest(
      `This account has moved to ${check.movedTo}, as its DID document says: it cannot be written to here`,
    )
  }

  /** For an account that was activated, so its DID points here now. */
  forget(did: string): void {
    this.#checks.delete(did)
  }

  /** When all checks have ended. */
  async settled(): Promise<void> {
    await this.#running
  }

  #enqueue(did: string): void {
    if (this.#waiting.size >= MAX_WAITING) return
    this.#waiting.add(did)
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** One after another: thousands of accounts may be due at once. */
  async #run(): Promise<void> {
    // Not within the call that the check is for.
    await Promise.resolve()
    for (const did of this.#waiting) {
      const before = this.#checks.get(did)?.movedTo
      const movedTo = await this.#newServer(did, before !== undefined).catch((error: unknown) => {
        this.#ports.log.warn({ did, err: error }, 'looking up the server of an account failed')
        return before
      })
      this.#checks.set(did, { checkedAt: this.#ports.clock.now(), movedTo })
      this.#waiting.delete(did)
    }
  }

  async #newServer(did: string, isKnownToHaveMoved: boolean): Promise<string | undefined> {
    const { resolver } = this.#ports
    const known = isKnownToHaveMoved ? undefined : await resolver.resolve(did)
    if (!isKnownToHaveMoved && (await this.#elsewhere(did, known)) === undefined) return undefined
    return this.#elsewhere(did, await resolver.refresh(did, { isLimited: true }))
  }

  /** A new server has a key of its own; with the same key, only the address of this server has changed. */
  async #elsewhere(did: string, document: DidDocument | undefined): Promise<string | undefined> {
    const { dispatch, credentials } = this.#ports
    const endpoint = document && serviceEndpoint(document, 'atproto_pds')
    const key = document && verificationKey(document, 'atproto')
    if (endpoint === undefined || key === undefined || endpoint === credentials.publicUrl) return
    const { signingKeyDid, status } = await dispatch.account(did).identity.getIdentity()
    // A deactivated account may be about to move here, and is refused anyway.
    return key === signingKeyDid || status !== 'active' ? undefined : endpoint
  }
}
