/** An account's own records as views of an AppView. */
import { describe, expect, it } from 'vitest'
import { detailedProfile, type LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { insertPosts, insertReplies } from '#src/gateway/read-after-write/own-posts.ts'
import { postView } from '#src/gateway/read-after-write/post-view.ts'
import { THREAD_VIEW_POST, type ThreadViewPost } from '#src/gateway/read-after-write/views.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const someone = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const blob = { $type: 'blob', ref: { $link: 'bafyone' }, mimeType: 'image/png', size: 1 }
const oldBlob = { cid: 'bafytwo', mimeType: 'image/png' }
const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`

function recent(rkey: string, minute: number, record: Record<string, unknown> = {}) {
  const uri = `at://${did}/app.bsky.feed.post/${rkey}`
  return { uri, cid: 'bafypost', indexedAt: at(minute), record: { text: rkey, ...record } }
}

type Asked = Parameters<LocalViewer['services']['call']>[0]

function viewer(
  overrides: Partial<LocalViewer['recent']> = {},
  call = async (_: Asked): Promise<unknown> => ({}),
) {
  const appView = { did: 'did:web:av.example', url: 'https://av.example', cdnUrlPattern: undefined }
  const profile = { ...recent('self', 0, { displayName: 'Alice', avatar: blob }), isRecent: true }
  return {
    ...{ did, publicUrl: 'https://pds.example', signal: new AbortController().signal },
    services: { appView, call },
    recent: { handle: 'alice.test', profile, posts: [], ...overrides },
  } satisfies LocalViewer
}

const item = (rkey: string, minute: number) => ({
  post: {
    ...{ uri: `at://${someone}/app.bsky.feed.post/${rkey}`, indexedAt: at(minute) },
    ...{ author: { did: someone }, record: {} },
  },
})

const order = (feed: { post: { uri: string } }[]) =>
  feed.map(({ post }) => post.uri.split('/').at(-1))

describe('a feed', () => {
  const posts = [recent('a', 5), recent('b', 15), recent('c', 25)]

  it('a feed gets the new posts in order of time, none older than its last', async () => {
    const feed = [item('x', 20), item('y', 10), item('z', 6)]
    const longer = await insertPosts(viewer({ posts }), feed)
    expect(order(longer)).toEqual(['c', 'x', 'b', 'y', 'z'])
    expect(order(feed)).toEqual(['x', 'y', 'z'])
  })

  it('an empty feed gets all new posts', async () => {
    expect(order(await insertPosts(viewer({ posts }), []))).toEqual(['c', 'b', 'a'])
  })
})

describe('a thread', () => {
  const thread = (rkey: string, replies?: unknown[]): ThreadViewPost => ({
    ...{ $type: THREAD_VIEW_POST, post: item(rkey, 1).post },
    ...(replies && { replies }),
  })
  const uriOf = (rkey: string) => item(rkey, 0).post.uri
  const reply = (root: string, parent: string) => ({
    reply: { root: { uri: root }, parent: { uri: parent } },
  })

  it('a thread gets new replies below their parents, and replies to those', async () => {
    const first = recent('first', 5, reply(uriOf('root'), uriOf('leaf')))
    const second = recent('second', 6, reply(uriOf('root'), first.uri))
    const foreign = recent('foreign', 7, reply(uriOf('elsewhere'), uriOf('leaf')))
    const blocked = { $type: 'app.bsky.feed.defs#blockedPost', uri: 'x' }
    const before = thread('root', [blocked, thread('leaf')])
    const after = await insertReplies(viewer(), before, [first, second, foreign])
    expect(after).toMatchObject({
      replies: [
        blocked,
        { replies: [{ post: { uri: first.uri }, replies: [{ post: { uri: second.uri } }] }] },
      ],
    })
    expect(JSON.stringify(after)).not.toContain('foreign')
    expect(before).toEqual(thread('root', [blocked, thread('leaf')]))
  })
})

describe('a profile', () => {
  it('a profile is shown as written, with pictures from this server or the CDN', () => {
    const record = { displayName: 'New', description: 'words', avatar: blob, banner: oldBlob }
    const at = (cid: string) =>
      `https://pds.example/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`
    const own = { did, followersCount: 3, displayName: 'Old', banner: 'old' }
    const view = detailedProfile(viewer(), own, record)
    expect(view).toEqual({
      ...{ did, followersCount: 3, displayName: 'New', description: 'words' },
      ...{ avatar: at('bafyone'), banner: at('bafytwo') },
    })
    const cdn = viewer()
    const appView = { ...cdn.services.appView, cdnUrlPattern: 'https://cdn.example/%s/%s/%s@jpeg' }
    const services = { ...cdn.services, appView }
    expect(detailedProfile({ ...cdn, services }, own, record)).toMatchObject({
      avatar: `https://cdn.example/avatar/${did}/bafyone@jpeg`,
    })
  })
})

describe('an embed', () => {
  const embedded = async (embed: unknown, seen = viewer()) => {
    const view = await postView(seen, recent('a', 1, { embed }))
    return JSON.parse(JSON.stringify(view)).embed
  }

  it('an embed of images or an external link has its pictures', async () => {
    const images = { $type: 'app.bsky.embed.images', images: [{ image: blob, alt: 'a picture' }] }
    expect(await embedded(images)).toMatchObject({
      $type: 'app.bsky.embed.images#view',
      images: [{ alt: 'a picture', thumb: expect.stringContaining('cid=bafyone') }],
    })
    const page = { uri: 'https://x.example', title: 't', description: 'd' }
    const external = { $type: 'app.bsky.embed.external', external: page }
    const view = { $type: 'app.bsky.embed.external#view', external: page }
    expect(await embedded(external)).toEqual(view)
    const record = { $type: 'app.bsky.embed.record', record: { uri: 'at://x/y/z' } }
    const both = { $type: 'app.bsky.embed.recordWithMedia', record, media: external }
    expect(await embedded(both)).toMatchObject({
      media: view,
      record: { record: { notFound: true } },
    })
  })

  it("an embed of a feed or list has the AppView's view, requested as the account", async () => {
    const requests: Asked[] = []
    const seen = viewer({}, async (call) => {
      requests.push(call)
      return { view: { name: 'cats' }, list: { name: 'dogs' } }
    })
    const quote = (collection: string) => ({
      $type: 'app.bsky.embed.record',
      record: { uri: `at://${someone}/${collection}/1` },
    })
    expect(await embedded(quote('app.bsky.feed.generator'), seen)).toMatchObject({
      record: { $type: 'app.bsky.feed.defs#generatorView', name: 'cats' },
    })
    expect(await embedded(quote('app.bsky.graph.list'), seen)).toMatchObject({
      record: { $type: 'app.bsky.graph.defs#listView', name: 'dogs' },
    })
    expect(
      requests.map(({ nsid, credentials }) => [nsid, credentials?.lxm, credentials?.did]),
    ).toEqual([
      ['app.bsky.feed.getFeedGenerator', 'app.bsky.feed.getFeedGenerator', did],
      ['app.bsky.graph.getList', 'app.bsky.graph.getList', did],
    ])
  })

  it.each([
    undefined,
    null,
    'x',
    {},
    { $type: 'app.bsky.embed.video' },
    { $type: 'app.bsky.embed.recordWithMedia' },
  ])('a malformed embed %j is left out', async (embed) => {
    expect(await embedded(embed)).toBeUndefined()
  })
})
