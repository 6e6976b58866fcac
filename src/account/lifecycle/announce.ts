/** Emits the account's current state again, for a relay that has a wrong state or does not know the account. */
import type { Account } from '#src/account/account.ts'
import { repoSigner } from '#src/account/repo/signer.ts'
import type { LaneView } from '#src/account/write-lane.ts'
import { carFile } from '#src/protocol/car.ts'
import { signCommit } from '#src/protocol/commit.ts'
import { encodeAccountEvent, encodeIdentityEvent, encodeSyncEvent } from '#src/protocol/events.ts'
import type { EncodedEvent } from '#src/protocol/frames.ts'
import { formatAccountStatus } from '#src/rules/states.ts'

/**
 * Emits what an activation emits. `newCommit` also signs an active repo again, as it is, under a new rev: relays that
 * have seen newer revs, which this server has lost, ignore the present one. Resolves with the kinds when the events are
 * durable. Throws 400 RepoNotFound if the account does not exist, 503 KeyRotation if no commit can be signed just now.
 */
export async function announce(
  account: Account,
  { newCommit = false }: { newCommit?: boolean } = {},
): Promise<{ events: string[] }> {
  const { did, clock, lane, profile } = account
  return lane.write(async ({ head: former }) => {
    const { status, handle } = await profile.get()
    const head = newCommit && status === 'active' ? await signAgain(account, former) : former
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

async function signAgain(account: Account, head: LaneView['head']): Promise<LaneView['head']> {
  const rev = account.tids.next(head.rev)
  const commit = signCommit(account.did, rev, head.data, await repoSigner(account))
  return { ...head, ...commit }
}
