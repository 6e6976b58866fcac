/** Saying again what is so: for a relay that believes something else of an account, or has never heard of it. */
import type { Account } from '#src/account/account.ts'
import { carFile } from '#src/protocol/car.ts'
import { encodeAccountEvent, encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { formatAccountStatus } from '#src/rules/states.ts'

/**
 * #account and #identity, and for an active account #sync with its latest commit, as an activation has them. Changes
 * nothing else. Resolves, with their kinds, when they are durable; throws 400 RepoNotFound where there is no account.
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
