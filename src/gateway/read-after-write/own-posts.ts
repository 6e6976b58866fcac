/** Inserts the account's recent posts into feeds and threads, and refreshes its profile there. */

import type { RecentRecord } from '#src/account/repo/recent.ts'
import { basicProfile, type LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { postView } from '#src/gateway/read-after-write/post-view.ts'
import {
  type FeedViewPost,
  isThreadViewPost,
  replyUri,
  THREAD_VIEW_POST,
  type ThreadViewPost,
} from '#src/gateway/read-after-write/views.ts'
import { isoTime } from '#src/rules/iso-time.ts'

const EPOCH = isoTime(0)

/** Feeds are sorted newest first; a post older than the whole page belongs to a later page. */
export async function insertPosts(
  viewer: LocalViewer,
  feed: FeedViewPost[],
): Promise<FeedViewPost[]> {
  const last = feed.at(-1)?.post.indexedAt ?? EPOCH
  const ownPosts = viewer.recent.posts.filter(({ indexedAt }) => indexedAt > last).reverse()
  const views = await Promise.all(ownPosts.map((post) => postView(viewer, post)))
  const result = [...feed]
  for (const post of views) {
    const at = result.findIndex((item) => item.post.indexedAt < post.indexedAt)
    result.splice(at === -1 ? result.length : at, 0, { post })
  }
  return result
}

export function refreshAuthors(viewer: LocalViewer, feed: FeedViewPost[]): FeedViewPost[] {
  const { did, recent } = viewer
  const { profile } = recent
  if (!profile?.isRecent) return feed
  return feed.map((item) => {
    const { post } = item
    if (post.author.did !== did) return item
    const author = basicProfile(viewer, post.author, profile.record)
    return { ...item, post: { ...post, author } }
  })
}

export async function insertReplies(
  viewer: LocalViewer,
  thread: ThreadViewPost,
  posts: readonly RecentRecord[],
): Promise<ThreadViewPost> {
  const root = replyUri(thread.post.record, 'root')
  let result = thread
  for (const post of posts) {
    const postRoot = replyUri(post.record, 'root')
    if (postRoot === undefined || (postRoot !== thread.post.uri && postRoot !== root)) continue
    result = insertReply(
      result,
      replyUri(post.record, 'parent'),
      await threadViewPost(viewer, post),
    )
  }
  return result
}

export async function threadViewPost(
  viewer: LocalViewer,
  post: RecentRecord,
): Promise<ThreadViewPost> {
  return { $type: THREAD_VIEW_POST, post: await postView(viewer, post) }
}

function insertReply(
  thread: ThreadViewPost,
  parent: string | undefined,
  reply: ThreadViewPost,
): ThreadViewPost {
  const { replies } = thread
  if (parent === thread.post.uri) return { ...thread, replies: [reply, ...(replies ?? [])] }
  if (replies === undefined) return thread
  const updated = replies.map((item) =>
    isThreadViewPost(item) ? insertReply(item, parent, reply) : item,
  )
  return { ...thread, replies: updated }
}
