/** Putting an account's newest posts where they belong in a feed or a thread, and its newest profile beside them. */

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

const BEGINNING = new Date(0).toISOString()

/** Feeds go from new to old; a post older than the whole page is for a later page. */
export async function insertPosts(
  viewer: LocalViewer,
  feed: FeedViewPost[],
): Promise<FeedViewPost[]> {
  const last = feed.at(-1)?.post.indexedAt ?? BEGINNING
  const own = viewer.recent.posts.filter(({ indexedAt }) => indexedAt > last).reverse()
  const views = await Promise.all(own.map((post) => postView(viewer, post)))
  const longer = [...feed]
  for (const post of views) {
    const at = longer.findIndex((item) => item.post.indexedAt < post.indexedAt)
    longer.splice(at === -1 ? longer.length : at, 0, { post })
  }
  return longer
}

/** The account's name and picture, where it is the author. */
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

/** Adds those of the posts that are of this thread below what they reply to. */
export async function insertReplies(
  viewer: LocalViewer,
  thread: ThreadViewPost,
  posts: readonly RecentRecord[],
): Promise<ThreadViewPost> {
  const root = replyUri(thread.post.record, 'root')
  let longer = thread
  for (const post of posts) {
    const postRoot = replyUri(post.record, 'root')
    if (postRoot === undefined || (postRoot !== thread.post.uri && postRoot !== root)) continue
    longer = insertReply(
      longer,
      replyUri(post.record, 'parent'),
      await threadViewPost(viewer, post),
    )
  }
  return longer
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
  const below = replies.map((one) =>
    isThreadViewPost(one) ? insertReply(one, parent, reply) : one,
  )
  return { ...thread, replies: below }
}
