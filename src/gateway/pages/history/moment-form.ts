/** The form that asks what is to be restored: since when, of whom, and in which collection. */
import { html } from 'hono/html'
import { card } from '#src/gateway/pages/blocks.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { actorChoices, collectionChoices } from '#src/gateway/pages/history/choices.ts'
import {
  type Choice,
  type HistoryVisit,
  historyUrl,
  textOf,
} from '#src/gateway/pages/history/history-visit.ts'
import { timeOfMoment } from '#src/gateway/pages/history/moments.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

const HOUR_MS = 60 * 60_000

const presets = [
  { key: 'hour', ms: HOUR_MS },
  { key: 'day', ms: 24 * HOUR_MS },
  { key: 'week', ms: 7 * 24 * HOUR_MS },
] as const

/** Those that the history reaches back to, its beginning, and the one of the URL. The latest first. */
export function momentsOf(
  visit: HistoryVisit,
  { since = '', sinceAt = '', at }: Partial<Record<'since' | 'sinceAt' | 'at', string | undefined>>,
): Choice[] {
  const { now = 0, messages } = visit.session
  const text = textOf(visit)
  const reached = presets
    .map(({ key, ms }) => ({ value: new Date(now - ms).toISOString(), label: text(`last.${key}`) }))
    .filter(({ value }) => value > sinceAt)
  const all = [...reached, { value: since, label: text('last.all') }]
  const time = at && timeOfMoment(at)
  if (!time || all.some(({ value }) => value === at)) return all
  return [{ value: at, label: messages.formatDate(time) }, ...all]
}

/** A day ago, or the beginning if that is later. */
export function startOf(moments: readonly Choice[]): string {
  return (moments[1] ?? moments[0])?.value ?? ''
}

export async function momentForm(
  visit: HistoryVisit,
  moments: readonly Choice[],
  { at, actor, collection }: { at: string; actor: string; collection: string },
): Promise<Html> {
  const text = textOf(visit)
  const [actors, collections] = await Promise.all([
    actorChoices(visit, [], actor),
    collectionChoices(visit, collection),
  ])
  const isGroup = visit.history.members !== undefined
  const form = html`<form method="get" action="${historyUrl(visit, '/restore')}">
${field({ name: 'at', label: text('sinceWhen'), options: moments, value: at })}
${field({ name: 'actor', label: text(isGroup ? 'ofWhom' : 'app'), options: actors, value: actor })}
${field({ name: 'collection', label: text('what'), options: collections, value: collection })}
<button class="quiet">${text('preview')}</button></form>`
  return card(text('choose'), form, { help: text('chooseHelp') })
}
