/** Reads past events from the log, those of few accounts without reading the rest of it. No account wakes for it. */

import type { EventFilter } from '#src/gateway/events/filter.ts'
import { projectAll } from '#src/gateway/events/project.ts'
import type { StreamEvent } from '#src/gateway/events/stream-event.ts'
import { MAX_LOOKED_UP_ACCOUNTS } from '#src/rules/account-lookups.ts'
import type { LogPage } from '#src/sequencer/log.ts'
import type { PrivateEvent } from '#src/sequencer/private-log.ts'
import type { LogEvent } from '#src/sequencer/tail.ts'

export interface EventSource {
  bounds(): Promise<{ first: number; head: number }>
  read(query: { after: number; limit: number }): Promise<LogPage>
  readAccounts(query: {
    dids: string[]
    after: number
    through: number
    limit: number
    includePrivate?: boolean
  }): Promise<{
    events: LogEvent[]
    privateEvents: PrivateEvent[]
    through: number
    trimmed: number
  }>
}

/** The accounts of `dids` whose records are not served now, such as those that are taken down. */
export type FindHidden = (dids: readonly string[]) => Promise<ReadonlySet<string>>

export interface ReplayPage {
  events: readonly StreamEvent[]
  /** Complete up to this seq. */
  through: number
  trimmed: number
}

const PAGE_EVENTS = 500

export class Replay {
  readonly #source: EventSource
  readonly #findHidden: FindHidden
  /** Pages of all accounts that are being read: who asks for the same one meanwhile shares it. */
  readonly #reading = new Map<number, Promise<ReplayPage>>()

  constructor(source: EventSource, findHidden: FindHidden) {
    this.#source = source
    this.#findHidden = findHidden
  }

  /** The next events after `after`, and others that the filter may not want. `head`: as far as is needed. */
  next(
    { dids }: EventFilter,
    range: { after: number; head: number; includePrivate: boolean },
  ): Promise<ReplayPage> {
    const { after, head, includePrivate } = range
    if (dids !== undefined && dids.size <= MAX_LOOKED_UP_ACCOUNTS) {
      return this.#ofAccounts({ dids: [...dids], after, through: head, includePrivate })
    }
    const reading = this.#reading.get(after) ?? this.#ofAll(after)
    this.#reading.set(after, reading)
    return reading.finally(() => this.#reading.delete(after))
  }

  async #ofAll(after: number): Promise<ReplayPage> {
    const { events, head, trimmed } = await this.#source.read({ after, limit: PAGE_EVENTS })
    const through = events.at(-1)?.seq ?? head
    return { events: await this.#served(projectAll(events)), through, trimmed }
  }

  async #ofAccounts(query: {
    dids: string[]
    after: number
    through: number
    includePrivate: boolean
  }): Promise<ReplayPage> {
    const page = await this.#source.readAccounts({ ...query, limit: PAGE_EVENTS })
    const { events, privateEvents, through, trimmed } = page
    return { events: await this.#served(projectAll(events, privateEvents)), through, trimmed }
  }

  /** Without the records of accounts that are not served; what became of the account is told all the same. */
  async #served(events: readonly StreamEvent[]): Promise<readonly StreamEvent[]> {
    const withRecords = new Set<string>()
    for (const { did, commit } of events) if (commit !== undefined) withRecords.add(did)
    if (withRecords.size === 0) return events
    const hidden = await this.#findHidden([...withRecords])
    if (hidden.size === 0) return events
    return events.filter(({ did, commit }) => commit === undefined || !hidden.has(did))
  }
}
