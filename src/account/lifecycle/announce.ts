/** Emits the account's current state again, for a relay that has a wrong state or does not know the account. */
import type { Account } from '#src/account/account.ts'
import { carFile } from '#src/protocol/car.ts'
import { encodeAccountEvent, encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { formatAccountStatus } from '#src/rules/states.ts'

/**
 * Emits what an activation emits, and changes nothing else. Resolves with the kinds when the events are durable. Throws
 * 400 RepoNotFound if the account does not exist.
 */
export async function announce(account: Account): Promise<{ events: string[] }> {
  const { did, clock, lane, profile } = account
  return lane.write(async ({ head }) => {
    const { status, handle } = await profile.get()
    const time = new Date(clock.now()).toISOString()
    const events: EncodedEvent[] = [
      encodeAccountEvent({ did, time, ...formatAccountStatus(status) }),
      encodeIdentityEvent({ did, time, ...(handle !== null && { handle }) }),
    ]
    if (status === 'active') {
      const blocks = carFile(head.cid, [[head.cid, head.block]])
      events.push(encodeSyncEvent({ did, time, commit: head.cid, rev: head.rev, blocks }))
    }
    const kinds = events.map(({ kind }) => kind)
    return { answer: { events: kinds }, head, statements: [], events }
  })
}
