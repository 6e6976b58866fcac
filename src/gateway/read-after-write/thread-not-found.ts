/** Builds the thread of a post of the account that the AppView has not indexed yet. */

import type { RecentRecord } from '#src/account/repo/recent.ts'
import type { RawResponse } from '#src/gateway/http/response.ts'
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

export async function readAfterWriteNotFound(
  call: ReadAfterWriteCall,
  params: { uri: string; parentHeight?: number },
  error: unknown,
): Promise<RawResponse> {
  if (!(error instanceof UpstreamError) || error.error !== 'NotFound') throw error
  const viewer = await createLocalViewer(call, error)
  if (viewer === undefined) throw error
  const post = ownPost(viewer, params.uri)
  if (post === undefined) throw error
  const others = viewer.recent.posts.filter((other) => other !== post)
  const thread = await insertReplies(viewer, await threadViewPost(viewer, post), others)
  const parent = await parentOf(viewer, post, params.parentHeight)
  const body = { thread: { ...thread, ...(parent !== undefined && { parent }) } }
  return formatMungedResponse(body, { status: 200, headers: error.headers }, viewer.recent)
}

/** The URI may contain the account's handle in place of its DID. */
function ownPost({ did, recent }: LocalViewer, uri: string): RecentRecord | undefined {
  const [, authority, path] = /^at:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  if (authority !== did && authority?.toLowerCase() !== recent.handle) return undefined
  return recent.posts.find((post) => post.uri === `at://${did}/${path}`)
}

/** The parent post with its ancestors; undefined on failure, since the thread is useful without them. */
async function parentOf(
  { did, services, signal }: LocalViewer,
  { record }: RecentRecord,
  parentHeight: number | undefined,
): Promise<unknown> {
  const uri = replyUri(record, 'parent')
  const { appView } = services
  if (uri === undefined || appView === undefined) return undefined
  try {
    const response = await services.call({
      url: appView.url,
      nsid: GET_POST_THREAD,
      params: { uri, parentHeight, depth: 0 },
      credentials: { did, aud: appView.did, lxm: GET_POST_THREAD },
      signal,
    })
    return isJsonObject(response) ? response['thread'] : undefined
  } catch {
    return undefined
  }
}
