/** What people call the records of common collections. */
import type { HistoryMessageKey, HistoryMessages } from '#src/gateway/pages/history/texts.ts'

const kinds = {
  'app.bsky.feed.post': 'kind.post',
  'app.bsky.feed.like': 'kind.like',
  'app.bsky.feed.repost': 'kind.repost',
  'app.bsky.graph.follow': 'kind.follow',
  'app.bsky.graph.block': 'kind.block',
  'app.bsky.graph.list': 'kind.list',
  'app.bsky.actor.profile': 'kind.profile',
} as const satisfies Record<string, HistoryMessageKey>

/** The collection itself if it has no other name. */
export function kindOf(text: HistoryMessages['text'], collection: string): string {
  return Object.hasOwn(kinds, collection)
    ? text(kinds[collection as keyof typeof kinds])
    : collection
}

const actions = { create: 'op.create', update: 'op.update', delete: 'op.delete' } as const

export function actionText(text: HistoryMessages['text'], action: string): string {
  return Object.hasOwn(actions, action) ? text(actions[action as keyof typeof actions]) : action
}
