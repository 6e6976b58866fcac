/** The parts of an AppView's answers that are looked into here; what else they hold passes as it is. */

export interface ActorView {
  did: string
  displayName?: unknown
  avatar?: unknown
  description?: unknown
  banner?: unknown
}

export interface PostView {
  uri: string
  indexedAt: string
  author: ActorView
  record: Record<string, unknown>
}

export interface FeedItem {
  post: PostView
  reason?: unknown
}

export interface Thread {
  $type: string
  post: PostView
  parent?: unknown
  replies?: unknown[]
}

type Fields = Record<string, unknown>

export const THREAD_VIEW_POST = 'app.bsky.feed.defs#threadViewPost'
export const REASON_REPOST = 'app.bsky.feed.defs#reasonRepost'

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isActor(value: unknown): value is ActorView & Fields {
  return isFields(value) && typeof value['did'] === 'string'
}

function isPost(value: unknown): value is PostView & Fields {
  return (
    isFields(value) &&
    typeof value['uri'] === 'string' &&
    typeof value['indexedAt'] === 'string' &&
    isActor(value['author']) &&
    isFields(value['record'])
  )
}

export function isFeed(value: unknown): value is { feed: FeedItem[] } & Fields {
  if (!isFields(value) || !Array.isArray(value['feed'])) return false
  return value['feed'].every((item) => isFields(item) && isPost(item['post']))
}

export function isThread(value: unknown): value is Thread & Fields {
  if (!isFields(value) || value['$type'] !== THREAD_VIEW_POST || !isPost(value['post']))
    return false
  return value['replies'] === undefined || Array.isArray(value['replies'])
}

/** The URI of what a post replies to, or of where its thread begins. */
export function replyUri(record: Fields, end: 'root' | 'parent'): string | undefined {
  const reply = record['reply']
  const reference = isFields(reply) ? reply[end] : undefined
  const uri = isFields(reference) ? reference['uri'] : undefined
  return typeof uri === 'string' ? uri : undefined
}

/** The CID of a blob, in today's form or the old one. */
export function blobCid(blob: unknown): string | undefined {
  if (!isFields(blob)) return undefined
  const cid = isFields(blob['ref']) ? blob['ref']['$link'] : blob['cid']
  return typeof cid === 'string' ? cid : undefined
}
