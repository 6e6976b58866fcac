/** Choices of the filters: who changed something, and in which collections. */
import {
  actorNames,
  type Choice,
  type HistoryVisit,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { kindOf } from '#src/gateway/pages/history/kinds.ts'
import { isClient } from '#src/rules/commit-clients.ts'

/** Members or what else may change the account, and the apps of these commits. */
export async function actorChoices(
  visit: HistoryVisit,
  commits: readonly { actor?: string; client?: string }[],
  current = '',
): Promise<Choice[]> {
  const { members, clients } = visit.history
  const choices = (await members?.choices()) ?? (await clients?.())?.choices ?? []
  const isListed = new Set(choices.map(({ value }) => value))
  const others = [current, ...commits.flatMap(({ actor = '', client = '' }) => [actor, client])]
  const found = [...new Set(others)].filter((one) => isShown(visit, one) && !isListed.has(one))
  const names = await actorNames(visit, found)
  return [
    { value: '', label: textOf(visit)(members === undefined ? 'allApps' : 'everyone') },
    ...choices,
    ...found.map((value) => ({ value, label: names(value) })),
  ]
}

/** In a group, members and apps; else also what is not an app, such as the account's password. */
export function isShown({ history: { members } }: HistoryVisit, text: string): boolean {
  return members === undefined ? isClient(text) : /^(did:|https?:)/.test(text)
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
