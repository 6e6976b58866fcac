/** What the sequencer's private log has of an account. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'

/** In order; all of them. Wakes no account. */
export async function privateEventsOf(
  { sequencer }: Pick<Dispatch, 'sequencer'>,
  did: string,
): Promise<PrivateEvent[]> {
  const found: PrivateEvent[] = []
  for (let after = 0; ; ) {
    const { events, privateEvents, through } = await sequencer.log.readAccounts({
      ...{ dids: [did], after, through: Number.MAX_SAFE_INTEGER, limit: 500 },
      includePrivate: true,
    })
    found.push(...privateEvents)
    if (events.length === 0 && privateEvents.length === 0) return found
    after = through
  }
}
