/** Choices of the filters: who changed something, and in which collections. */
import {
  actorNames,
  type Choice,
  type HistoryVisit,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { kindOf } from '#src/gateway/pages/history/kinds.ts'

/** Members, and the apps of these commits; undefined for an account that one person has. */
export async function actorChoices(
  visit: HistoryVisit,
  commits: readonly { actor?: string; client?: string }[],
  current = '',
): Promise<Choice[] | undefined> {
  const { members } = visit.history
  if (members === undefined) return undefined
  const choices = await members.choices()
  const isListed = new Set(choices.map(({ value }) => value))
  const others = [current, ...commits.flatMap(({ actor = '', client = '' }) => [actor, client])]
  const found = [...new Set(others)].filter((one) => isActor(one) && !isListed.has(one))
  const names = await actorNames(visit, found)
  return [
    { value: '', label: textOf(visit)('everyone') },
    ...choices,
    ...found.map((value) => ({ value, label: names(value) })),
  ]
}

/** A DID or the client id of an app; not a page or a session. */
export function isActor(text: string): boolean {
  return /^(did:|https?:)/.test(text)
}

export async function collectionChoices(
  visit: HistoryVisit,
  current = '',
): Promise<[Choice, ...Choice[]]> {
  const { did, server } = visit.history
  const text = textOf(visit)
  const { collections } = await server.dispatch.account(did).repo.describeRepo()
  const all = new Set([...collections, ...(current === '' ? [] : [current])])
  return [
    { value: '', label: text('everything') },
    ...[...all].map((value) => ({ value, label: kindOf(text, value) })),
  ]
}
