/**
 * All listeners of this process by account: closed as soon as this process hears that their credential has ended, before
 * anything that came later is passed on.
 *
 * A listener is added before its credential is checked. An event that ended the credential has then either been heard by
 * the check, or is heard here. A credential that takes the place of another (`renew`) is checked again for the same reason.
 */

import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  effectOn,
  mustNotHaveEnded,
  sessionEnded,
  takenDown,
} from '#src/gateway/realtime/ended-credential.ts'
import type { Listener } from '#src/gateway/realtime/listener.ts'
import { internalError, tooManySubscriptions } from '#src/gateway/realtime/listener-errors.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

export interface ListenersPorts {
  dispatch: Pick<Dispatch, 'directory' | 'sequencer'>
  findAccount: FindAccount
  maxPerAccount?: number
}

export const MAX_CONNECTIONS_PER_ACCOUNT = 50
const PAGE_EVENTS = 500
/** How far the clocks of two processes may differ, and a second, because tokens say the whole second only. */
const CLOCK_DIFFERENCE_MS = 11_000

export class Listeners {
  readonly #ports: ListenersPorts
  readonly #byDid = new Map<string, Set<Listener>>()
  /** Of the admin, who has no account. */
  readonly #others = new Set<Listener>()

  constructor(ports: ListenersPorts) {
    this.#ports = ports
  }

  all(): Listener[] {
    return [...this.#others, ...[...this.#byDid.values()].flatMap((one) => [...one])]
  }

  /**
   * Adds a listener, and checks its credential; it is removed when it ends. Throws 401 SessionEnded and AccountTakedown,
   * and 429 TooManySubscriptions.
   */
  async add(listener: Listener): Promise<void> {
    const { did } = listener
    const own = did === undefined ? this.#others : (this.#byDid.get(did) ?? new Set())
    const { maxPerAccount = MAX_CONNECTIONS_PER_ACCOUNT } = this.#ports
    if (own.size >= maxPerAccount) throw tooManySubscriptions('connections of the account')
    own.add(listener)
    if (did !== undefined) this.#byDid.set(did, own)
    const onEnd = listener.onEnd
    listener.onEnd = () => {
      own.delete(listener)
      if (did !== undefined && own.size === 0) this.#byDid.delete(did)
      onEnd()
    }
    await this.check(listener.credential)
    if (listener.ended !== undefined) throw listener.ended
  }

  /**
   * Gives a listener a later credential, which is checked before, and again after: an event that ended it in between was
   * heard for the earlier one. Throws as `add` and `Listener.renew`; ends the listener if the second check fails.
   */
  async renew(listener: Listener, credential: Credential): Promise<void> {
    await this.check(credential)
    listener.renew(credential)
    try {
      await this.check(credential)
    } catch (error) {
      listener.end(error instanceof XrpcError ? error : internalError())
      throw error
    }
  }

  /** To be called with every private event and every `account` event. */
  onEvent({ did, kind, subject, body, account }: StreamEvent): void {
    const listeners = this.#byDid.get(did)
    if (listeners === undefined) return
    const fields = account ?? (JSON.parse(body ?? '{}') as object)
    for (const listener of [...listeners]) {
      const effect = effectOn(listener.credential, { kind, subject, fields })
      if (effect !== undefined && effect !== 'begun') listener.end(effect.ended)
    }
  }

  /** Whether the credential has ended since it was last valid. Wakes no account. Throws as `add`. */
  async check(credential: Credential): Promise<void> {
    if (credential.kind === 'admin') return
    const { did, validAt } = credential
    if ((await this.#ports.findAccount(did)) === undefined) {
      // An account of another server has nothing here that could end.
      if (credential.kind === 'service') return
      throw sessionEnded()
    }
    await this.#mustBeOpen(did)
    // A service token is not of a session.
    if (credential.kind === 'service') return
    const events = await this.#privateEvents(did, (validAt - CLOCK_DIFFERENCE_MS) * 1000)
    mustNotHaveEnded(
      credential,
      events.map(({ kind, subject, body }) => ({
        kind: kind.replace('#', ''),
        subject,
        fields: JSON.parse(body) as object,
      })),
    )
  }

  async #mustBeOpen(did: string): Promise<void> {
    const state = await this.#ports.dispatch.directory.accounts.getRepoState({ did })
    if (state === null || state.status === 'deleted') throw sessionEnded()
    if (state.status !== 'takendown' && state.status !== 'suspended') return
    throw takenDown()
  }

  async #privateEvents(did: string, since: number): Promise<PrivateEvent[]> {
    const found: PrivateEvent[] = []
    for (let after = since; ; ) {
      const { log } = this.#ports.dispatch.sequencer
      const { events, isComplete } = await log.readPrivate({ did, after, limit: PAGE_EVENTS })
      found.push(...events)
      if (isComplete) return found
      after = events.at(-1)!.seq
    }
  }
}
