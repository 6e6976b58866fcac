/** The parts of AppView responses that are read here; other members are passed through. */

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

export interface FeedViewPost {
  post: PostView
  reason?: unknown
}

export interface ThreadViewPost {
  $type: string
  post: PostView
  parent?: unknown
  replies?: unknown[]
}

type JsonObject = Record<string, unknown>

export const THREAD_VIEW_POST = 'app.bsky.feed.defs#threadViewPost'
export const REASON_REPOST = 'app.bsky.feed.defs#reasonRepost'

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isActorView(value: unknown): value is ActorView & JsonObject {
  return isJsonObject(value) && typeof value['did'] === 'string'
}

function isPost(value: unknown): value is PostView & JsonObject {
  return (
    isJsonObject(value) &&
    typeof value['uri'] === 'string' &&
    typeof value['indexedAt'] === 'string' &&
    isActorView(value['author']) &&
    isJsonObject(value['record'])
  )
}

export function isFeed(value: unknown): value is { feed: FeedViewPost[] } & JsonObject {
  if (!isJsonObject(value) || !Array.isArray(value['feed'])) return false
  return value['feed'].every((item) => isJsonObject(item) && isPost(item['post']))
}

export function isThreadViewPost(value: unknown): value is ThreadViewPost & JsonObject {
  if (!isJsonObject(value) || value['$type'] !== THREAD_VIEW_POST || !isPost(value['post']))
    return false
  return value['replies'] === undefined || Array.isArray(value['replies'])
}

export function replyUri(record: JsonObject, name: 'root' | 'parent'): string | undefined {
  const reply = record['reply']
  const reference = isJsonObject(reply) ? reply[name] : undefined
  const uri = isJsonObject(reference) ? reference['uri'] : undefined
  return typeof uri === 'string' ? uri : undefined
}

export function blobCid(blob: unknown): string | undefined {
  if (!isJsonObject(blob)) return undefined
  const cid = isJsonObject(blob['ref']) ? blob['ref']['$link'] : blob['cid']
  return typeof cid === 'string' ? cid : undefined
}
