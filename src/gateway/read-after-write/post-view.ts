/** Builds app.bsky.feed.defs#postView for a post of the account. */

import type { RecentRecord } from '#src/account/repo/recent.ts'
import { embedView } from '#src/gateway/read-after-write/embed-views.ts'
import { basicProfile, type LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import type { PostView } from '#src/gateway/read-after-write/views.ts'

/** All counts are 0, since no one else has seen the post yet. */
export async function postView(viewer: LocalViewer, post: RecentRecord): Promise<PostView> {
  const { did, recent } = viewer
  const author = basicProfile(viewer, { did }, recent.profile?.record ?? {})
  const { uri, cid, indexedAt, record } = post
  return {
    uri,
    cid,
    author: { ...author, handle: recent.handle },
    record,
    embed: await embedView(viewer, record['embed']),
    replyCount: 0,
    repostCount: 0,
    likeCount: 0,
    quoteCount: 0,
    indexedAt,
  } as PostView
}
