/**
 * All subscribers of this process by account: closed as soon as this process receives that their credential has ended, before
 * anything that came later is passed on.
 *
 * A subscriber is added before its credential is checked. An event that ended the credential has then either been found by
 * the check, or is received here. A credential that replaces another (`renew`) is checked again for the same reason.
 */

import type { Dispatch } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  credentialAfter,
  effectOn,
  sessionEnded,
  statusEnds,
  takenDown,
} from '#src/gateway/realtime/ended-credential.ts'
import type { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import { internalError, tooManySubscriptions } from '#src/gateway/realtime/subscriber-errors.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

export interface SubscribersPorts {
  dispatch: Pick<Dispatch, 'directory' | 'sequencer'>
  findAccount: FindAccount
  maxPerAccount?: number
}

export const MAX_CONNECTIONS_PER_ACCOUNT = 50
const PAGE_EVENTS = 500
/** How far the clocks of two processes may differ, and a second, because tokens say the whole second only. */
const CLOCK_DIFFERENCE_MS = 11_000

export class Subscribers {
  readonly #ports: SubscribersPorts
  readonly #byDid = new Map<string, Set<Subscriber>>()
  /** Those that act as a group, by the DID of the member. */
  readonly #byMember = new Map<string, Set<Subscriber>>()
  /** Of the admin, who has no account. */
  readonly #others = new Set<Subscriber>()

  constructor(ports: SubscribersPorts) {
    this.#ports = ports
  }

  all(): Subscriber[] {
    return [...this.#others, ...[...this.#byDid.values()].flatMap((one) => [...one])]
  }

  /**
   * Adds a subscriber, and checks its credential; it is removed when it ends. Throws 401 SessionEnded and AccountTakedown,
   * and 429 TooManySubscriptions.
   */
  async add(subscriber: Subscriber): Promise<void> {
    const { did, countedDid } = subscriber
    const { maxPerAccount = MAX_CONNECTIONS_PER_ACCOUNT } = this.#ports
    const own = did === undefined ? this.#others : (this.#byDid.get(did) ?? new Set())
    const same = [...own].filter((other) => other.countedDid === countedDid)
    if (same.length >= maxPerAccount) throw tooManySubscriptions('connections of the account')
    const remove = [this.#keep(subscriber, did)]
    if (countedDid !== did) remove.push(keep(this.#byMember, countedDid!, subscriber))
    const onEnd = subscriber.onEnd
    subscriber.onEnd = () => {
      for (const one of remove) one()
      onEnd()
    }
    await this.#checkAgain(subscriber)
    if (subscriber.ended !== undefined) throw subscriber.ended
  }

  /**
   * Gives a subscriber a later credential, which is checked before, and again after: an event that ended it in between was
   * received for the earlier one. Throws as `add` and `Subscriber.renew`; ends the subscriber if the second check fails.
   */
  async renew(subscriber: Subscriber, credential: Credential): Promise<void> {
    subscriber.renew(await this.check(credential))
    try {
      await this.#checkAgain(subscriber)
    } catch (error) {
      subscriber.end(error instanceof XrpcError ? error : internalError())
      throw error
    }
  }

  /** To be called with every private event and every `account` event. */
  onEvent({ did, kind, subject, body, account, time: at }: StreamEvent): void {
    if (account !== undefined) this.#onMemberStatus(did, account.status)
    const subscribers = this.#byDid.get(did)
    if (subscribers === undefined) return
    const fields = account ?? (JSON.parse(body ?? '{}') as object)
    const time = Date.parse(at)
    for (const subscriber of [...subscribers]) {
      const effect = effectOn(subscriber.credential, { kind, subject, time, fields })
      if (effect === undefined || effect === 'begun') continue
      if ('ended' in effect) subscriber.end(effect.ended)
      else subscriber.changeMember(effect.member)
    }
  }

  /**
   * What the credential is now. Throws if it has ended since it was last valid. Wakes no account. Throws as `add`.
   */
  async check(credential: Credential): Promise<Credential> {
    if (credential.kind === 'admin') return credential
    const { did, validAt } = credential
    if ((await this.#ports.findAccount(did)) === undefined) {
      // An account of another server has nothing here that could end.
      if (credential.kind === 'service') return credential
      throw sessionEnded()
    }
    await this.#mustBeOpen(did)
    // A service token is not of a session.
    if (credential.kind === 'service') return credential
    if (credential.kind === 'member') await this.#mustBeUsable(credential.member.did)
    const events = await this.#privateEvents(did, (validAt - CLOCK_DIFFERENCE_MS) * 1000)
    return credentialAfter(
      credential,
      events.map(({ kind, subject, body, time }) => ({
        kind: kind.replace('#', ''),
        subject,
        time: Date.parse(time),
        fields: JSON.parse(body) as object,
      })),
    )
  }

  #keep(subscriber: Subscriber, did: string | undefined): () => void {
    if (did !== undefined) return keep(this.#byDid, did, subscriber)
    this.#others.add(subscriber)
    return () => void this.#others.delete(subscriber)
  }

  /** A later change of a membership was received meanwhile, and counts more. */
  async #checkAgain(subscriber: Subscriber): Promise<void> {
    const credential = await this.check(subscriber.credential)
    if (credential.kind === 'member') subscriber.changeMember(credential.member)
  }

  #onMemberStatus(member: string, status: unknown): void {
    const ended = statusEnds(status)
    if (ended === undefined) return
    for (const subscriber of [...(this.#byMember.get(member) ?? [])]) subscriber.end(ended)
  }

  /** A member's own account, unless it is of another server. */
  async #mustBeUsable(member: string): Promise<void> {
    if ((await this.#ports.findAccount(member)) !== undefined) await this.#mustBeOpen(member)
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

/** Returns the function that removes it. */
function keep(
  index: Map<string, Set<Subscriber>>,
  key: string,
  subscriber: Subscriber,
): () => void {
  const own = index.get(key) ?? new Set()
  index.set(key, own.add(subscriber))
  return () => {
    own.delete(subscriber)
    if (own.size === 0) index.delete(key)
  }
}
