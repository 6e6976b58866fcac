/** Builds the embed view of a post; embedded records are looked up at the AppView. */
import { imageUrl, type LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { isJsonObject } from '#src/gateway/read-after-write/views.ts'

type Fields = Record<string, unknown>

export async function embedView(viewer: LocalViewer, embed: unknown): Promise<Fields | undefined> {
  if (!isJsonObject(embed)) return undefined
  switch (embed['$type']) {
    case 'app.bsky.embed.record':
      return recordView(viewer, embed)
    case 'app.bsky.embed.recordWithMedia':
      return recordWithMediaView(viewer, embed)
    default:
      return mediaView(viewer, embed)
  }
}

function mediaView(viewer: LocalViewer, embed: unknown): Fields | undefined {
  if (!isJsonObject(embed)) return undefined
  if (embed['$type'] === 'app.bsky.embed.images') return imagesView(viewer, embed)
  return embed['$type'] === 'app.bsky.embed.external' ? externalView(viewer, embed) : undefined
}

function imagesView(viewer: LocalViewer, embed: Fields): Fields {
  const images = Array.isArray(embed['images']) ? embed['images'].filter(isJsonObject) : []
  return {
    $type: 'app.bsky.embed.images#view',
    images: images.map(({ image, alt, aspectRatio }) => ({
      thumb: imageUrl(viewer, 'feed_thumbnail', image),
      fullsize: imageUrl(viewer, 'feed_fullsize', image),
      alt,
      aspectRatio,
    })),
  }
}

function externalView(viewer: LocalViewer, embed: Fields): Fields {
  const { uri, title, description, thumb } = isJsonObject(embed['external'])
    ? embed['external']
    : {}
  return {
    $type: 'app.bsky.embed.external#view',
    external: {
      uri,
      title,
      description,
      thumb: imageUrl(viewer, 'feed_thumbnail', thumb),
    },
  }
}

async function recordWithMediaView(
  viewer: LocalViewer,
  embed: Fields,
): Promise<Fields | undefined> {
  const media = mediaView(viewer, embed['media'])
  if (media === undefined || !isJsonObject(embed['record'])) return undefined
  const record = await recordView(viewer, embed['record'])
  return { $type: 'app.bsky.embed.recordWithMedia#view', record, media }
}

async function recordView(viewer: LocalViewer, embed: Fields): Promise<Fields> {
  const uri = isJsonObject(embed['record']) ? String(embed['record']['uri']) : ''
  const found = await lookUp(viewer, uri)
  const record = found ?? { $type: 'app.bsky.embed.record#viewNotFound', uri, notFound: true }
  return { $type: 'app.bsky.embed.record#view', record }
}

/** Throws if the AppView fails: then the response is not munged. */
async function lookUp(viewer: LocalViewer, uri: string): Promise<Fields | undefined> {
  switch (/^at:\/\/[^/]+\/([^/]+)\//.exec(uri)?.[1]) {
    case 'app.bsky.feed.post': {
      const { posts } = await callAppView(viewer, 'app.bsky.feed.getPosts', { uris: uri })
      const post: unknown = Array.isArray(posts) ? posts[0] : undefined
      return isJsonObject(post) ? viewRecord(post) : undefined
    }
    case 'app.bsky.feed.generator': {
      const { view } = await callAppView(viewer, 'app.bsky.feed.getFeedGenerator', { feed: uri })
      return isJsonObject(view) ? { ...view, $type: 'app.bsky.feed.defs#generatorView' } : undefined
    }
    case 'app.bsky.graph.list': {
      const { list } = await callAppView(viewer, 'app.bsky.graph.getList', { list: uri })
      return isJsonObject(list) ? { ...list, $type: 'app.bsky.graph.defs#listView' } : undefined
    }
    default:
      return undefined
  }
}

function viewRecord({ uri, cid, author, record, labels, embed, indexedAt }: Fields): Fields {
  const embeds = embed === undefined ? undefined : [embed]
  const $type = 'app.bsky.embed.record#viewRecord'
  return { $type, uri, cid, author, value: record, labels, embeds, indexedAt }
}

async function callAppView(
  { did, services, signal }: LocalViewer,
  nsid: string,
  params: Record<string, string>,
): Promise<Fields> {
  const { appView } = services
  if (appView === undefined) return {}
  const credentials = { did, aud: appView.did, lxm: nsid }
  const response = await services.call({ url: appView.url, nsid, params, credentials, signal })
  return isJsonObject(response) ? response : {}
}
