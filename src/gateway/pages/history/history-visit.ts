/** A visit to the pages of a history: that of the signed-in account, or of a group that it is a member of. */
import type { Visit } from '#src/gateway/pages/area/area.ts'
import type { CallMethod } from '#src/gateway/pages/area/call-methods.ts'
import { type Names, namesOf } from '#src/gateway/pages/area/names.ts'
import type { Clients } from '#src/gateway/pages/history/clients.ts'
import { type HistoryMessages, historyTexts } from '#src/gateway/pages/history/texts.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { isClient } from '#src/rules/commit-clients.ts'

export interface HistoryVisit extends Visit {
  /** As the account itself, or as the member. */
  call: CallMethod
  history: HistorySubject
}

/** Whose history it is. */
export interface HistorySubject {
  did: string
  /** Who reads it: the account itself, or a member. */
  reader: string
  /** Typed to confirm what cannot be undone. */
  handle: string
  server: Pick<ServerContext, 'dispatch'>
  /** False for a member whose role lacks the permission. */
  isAllowed: boolean
  /** What the open timeline follows. */
  events(): Promise<LivePage['source']>
  /** Of a group. */
  members?: Members
  /** Of an account that one person has. */
  clients?: () => Promise<Clients>
}

export interface Members {
  /** Those who may have changed something, by DID. */
  choices(): Promise<Choice[]>
  /** Whether this visitor may remove this member. */
  mayRemove(did: string): Promise<boolean>
  /** Throws as `removeMember`. */
  remove(did: string, reason: string): Promise<void>
}

export interface Choice {
  value: string
  label: string
}

type Params = Record<string, string | undefined>

/** A page of the history, with its parameters. */
export function historyUrl({ base }: HistoryVisit, page: string, params: Params = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '')
  const query = new URLSearchParams(given as [string, string][])
  return `${base}/history${page}${given.length === 0 ? '' : `?${query}`}`
}

export function textOf({ session }: HistoryVisit): HistoryMessages['text'] {
  return historyTexts(session).text
}

/** Such as "30 days". */
export function daysText({ session: { messages } }: HistoryVisit, days: number): string {
  const options = { style: 'unit', unit: 'day', unitDisplay: 'long' } as const
  return new Intl.NumberFormat(messages.language, options).format(days)
}

/** The names of members, apps and the account itself. */
export async function actorNames(
  { history: { did: own, handle, server, clients } }: HistoryVisit,
  actors: Iterable<string>,
): Promise<Names> {
  const [known, found] = await Promise.all([namesOf(server, actors), clients?.()])
  return (actor) => {
    if (actor === own) return handle
    if (found !== undefined && isClient(actor)) return found.name(actor)
    return actor.startsWith('did:') ? known(actor) : (URL.parse(actor)?.host ?? actor)
  }
}
