/** A thread that the AppView has never heard of, because its first post is the account's newest: made here. */

import type { RecentRecord } from '#src/account/repo/recent.ts'
import { UpstreamError } from '#src/gateway/proxy/upstream-error.ts'
import type { LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { insertReplies, threadViewPost } from '#src/gateway/read-after-write/own-posts.ts'
import {
  createLocalViewer,
  formatMungedResponse,
  type ReadAfterWriteCall,
} from '#src/gateway/read-after-write/read-after-write.ts'
import { isJsonObject, replyUri } from '#src/gateway/read-after-write/views.ts'

const GET_POST_THREAD = 'app.bsky.feed.getPostThread'

/** The thread of a post of the account's own that the AppView did not find, or the error that it is none. */
export async function readAfterWriteNotFound(
  reading: ReadAfterWriteCall,
  params: { uri: string; parentHeight?: number },
  error: unknown,
): Promise<Response> {
  if (!(error instanceof UpstreamError) || error.error !== 'NotFound') throw error
  const viewer = await createLocalViewer(reading, error)
  if (viewer === undefined) throw error
  const post = ownPost(viewer, params.uri)
  if (post === undefined) throw error
  const others = viewer.recent.posts.filter((other) => other !== post)
  const thread = await insertReplies(viewer, await threadViewPost(viewer, post), others)
  const parent = await parentOf(viewer, post, params.parentHeight)
  const body = { thread: { ...thread, ...(parent !== undefined && { parent }) } }
  return formatMungedResponse(body, { status: 200, headers: error.headers }, viewer.recent)
}

/** The account may be named by its handle. */
function ownPost({ did, recent }: LocalViewer, uri: string): RecentRecord | undefined {
  const [, name, path] = /^at:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  if (name !== did && name?.toLowerCase() !== recent.handle) return undefined
  return recent.posts.find((post) => post.uri === `at://${did}/${path}`)
}

/** What the post replies to, with what is above; without it the thread is still worth showing. */
async function parentOf(
  { did, services }: LocalViewer,
  { record }: RecentRecord,
  parentHeight: number | undefined,
): Promise<unknown> {
  const uri = replyUri(record, 'parent')
  const { appView } = services
  if (uri === undefined || appView === undefined) return undefined
  try {
    const answer = await services.call({
      url: appView.url,
      nsid: GET_POST_THREAD,
      params: { uri, parentHeight, depth: 0 },
      credentials: { did, aud: appView.did, lxm: GET_POST_THREAD },
    })
    return isJsonObject(answer) ? answer['thread'] : undefined
  } catch {
    return undefined
  }
}
