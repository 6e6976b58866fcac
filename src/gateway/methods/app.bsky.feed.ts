/** app.bsky.feed: feeds and threads, proxied to the AppView with read-after-write. */
import { invalidRequest } from '#src/errors.ts'
import { proxiedMethod } from '#src/gateway/methods/proxied-method.ts'
import { passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import {
  insertPosts,
  insertReplies,
  refreshAuthors,
} from '#src/gateway/read-after-write/own-posts.ts'
import { readAfterWrite } from '#src/gateway/read-after-write/read-after-write.ts'
import { readAfterWriteNotFound } from '#src/gateway/read-after-write/thread-not-found.ts'
import {
  type FeedViewPost,
  isActorView,
  isFeed,
  isJsonObject,
  isThreadViewPost,
  REASON_REPOST,
} from '#src/gateway/read-after-write/views.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import * as feed from '#src/protocol/lexicons/app/bsky/feed.ts'

export const getTimeline = method(feed.getTimeline, {
  ...proxiedMethod,
  looseParams: true,
  run: (call) =>
    readAfterWrite(call, feed.getTimeline.main.nsid, async (viewer, original) => {
      if (!isFeed(original)) return original
      return { ...original, feed: await insertPosts(viewer, original.feed) }
    }),
})

export const getAuthorFeed = method(feed.getAuthorFeed, {
  ...proxiedMethod,
  run: (call) =>
    readAfterWrite(call, feed.getAuthorFeed.main.nsid, async (viewer, original) => {
      if (!isFeed(original) || !isFeedOf(viewer.did, original.feed)) return original
      return { ...original, feed: await insertPosts(viewer, refreshAuthors(viewer, original.feed)) }
    }),
})

export const getActorLikes = method(feed.getActorLikes, {
  ...proxiedMethod,
  run: (call) =>
    readAfterWrite(call, feed.getActorLikes.main.nsid, async (viewer, original) => {
      if (!isFeed(original)) return original
      return { ...original, feed: refreshAuthors(viewer, original.feed) }
    }),
})

export const getPostThread = method(feed.getPostThread, {
  ...proxiedMethod,
  looseParams: true,
  run: (call) =>
    readAfterWrite(call, feed.getPostThread.main.nsid, async (viewer, original) => {
      if (!isJsonObject(original) || !isThreadViewPost(original['thread'])) return original
      const thread = await insertReplies(viewer, original['thread'], viewer.recent.posts)
      return { ...original, thread }
    }).catch((error: unknown) => readAfterWriteNotFound(call, call.params, error)),
})

/** The AppView forwards the service token to the feed generator, so the token must be for the generator. */
export const getFeed = method(feed.getFeed, {
  ...proxiedMethod,
  oauth: (permissions, { request, server: { services } }) => {
    const lxm = feed.getFeed.main.nsid
    const aud = services.audienceOf(lxm, request.headers.get('atproto-proxy') ?? undefined)
    permissions.assertRpc({ aud, lxm })
    permissions.assertRpc({ aud, lxm: 'app.bsky.feed.getFeedSkeleton' })
  },
  run: async ({ params, did, request, server: { services } }) => {
    const nsid = feed.getFeed.main.nsid
    const aud = await feedGeneratorDid(services, params.feed, request.signal)
    const target = await services.findTarget(
      nsid,
      request.headers.get('atproto-proxy') ?? undefined,
    )
    const lxm = 'app.bsky.feed.getFeedSkeleton'
    return passThroughResponse(await services.get(target, request, { did, aud, lxm }))
  },
})

async function feedGeneratorDid(
  { appView, call }: Services,
  uri: string,
  signal: AbortSignal,
): Promise<string> {
  const [, repo, collection, rkey] = /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri) ?? []
  if (repo === undefined || appView === undefined) throw unknownFeed()
  const record = await call({
    url: appView.url,
    nsid: 'com.atproto.repo.getRecord',
    params: { repo, collection, rkey },
    signal,
  })
  const value = isJsonObject(record) ? record['value'] : undefined
  if (!isActorView(value)) throw unknownFeed()
  return value.did
}

function unknownFeed() {
  return invalidRequest('could not resolve feed did', 'UnknownFeed')
}

function isFeedOf(did: string, [first]: FeedViewPost[]): boolean {
  if (first === undefined) return false
  const { reason, post } = first
  if (!isJsonObject(reason)) return post.author.did === did
  return reason['$type'] === REASON_REPOST && isActorView(reason['by']) && reason['by'].did === did
}
