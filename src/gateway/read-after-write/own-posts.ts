/** Putting an account's newest posts where they belong in a feed or a thread, and its newest profile beside them. */

import type { RecentRecord } from '#src/account/repo/recent.ts'
import { postView } from '#src/gateway/read-after-write/post-view.ts'
import { basicProfile, type Viewer } from '#src/gateway/read-after-write/viewer.ts'
import {
  type FeedItem,
  isThread,
  replyUri,
  THREAD_VIEW_POST,
  type Thread,
} from '#src/gateway/read-after-write/views.ts'

const BEGINNING = new Date(0).toISOString()

/** Feeds go from new to old; a post older than the whole page is for a later page. */
export async function insertPosts(viewer: Viewer, feed: FeedItem[]): Promise<FeedItem[]> {
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
export function refreshAuthors(viewer: Viewer, feed: FeedItem[]): FeedItem[] {
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
  viewer: Viewer,
  thread: Thread,
  posts: readonly RecentRecord[],
): Promise<Thread> {
  const root = replyUri(thread.post.record, 'root')
  let longer = thread
  for (const post of posts) {
    const postRoot = replyUri(post.record, 'root')
    if (postRoot === undefined || (postRoot !== thread.post.uri && postRoot !== root)) continue
    longer = insertReply(longer, replyUri(post.record, 'parent'), await threadOf(viewer, post))
  }
  return longer
}

export async function threadOf(viewer: Viewer, post: RecentRecord): Promise<Thread> {
  return { $type: THREAD_VIEW_POST, post: await postView(viewer, post) }
}

function insertReply(thread: Thread, parent: string | undefined, reply: Thread): Thread {
  const { replies } = thread
  if (parent === thread.post.uri) return { ...thread, replies: [reply, ...(replies ?? [])] }
  if (replies === undefined) return thread
  const below = replies.map((one) => (isThread(one) ? insertReply(one, parent, reply) : one))
  return { ...thread, replies: below }
}
