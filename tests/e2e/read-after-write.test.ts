/** An AppView that lags behind, as apps see it through this server. */
import { beforeAll, describe, expect, it } from 'vitest'
import { json } from '#tests/support/fake-service.ts'
import { serverWithAppView } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice, appView, verifyServiceToken } = await serverWithAppView()
/** The rev that the AppView has indexed: alice's repo with her first post. */
let knownRev: string
let knownPost: { uri: string; cid: string }
let newPost: { uri: string; cid: string }

const someone = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
beforeAll(async () => {
  const { agent } = alice
  knownPost = await agent.post({ text: 'known', createdAt: new Date().toISOString() })
  knownRev = (await agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data.rev
  newPost = await agent.post({ text: 'new', createdAt: new Date().toISOString() })
  await putProfile('Alice the new')
})

async function putProfile(displayName: string): Promise<void> {
  const record = { $type: 'app.bsky.actor.profile', displayName, description: 'words' }
  await alice.agent.com.atproto.repo.putRecord({
    ...{ repo: alice.did, collection: 'app.bsky.actor.profile', rkey: 'self' },
    record,
  })
}

/** Lets the AppView answer `body` as of `rev`. */
function lagging(nsid: string, body: object, rev: string | null = knownRev, status = 200) {
  const headers: Record<string, string> = rev === null ? {} : { 'atproto-repo-rev': rev }
  appView.respond(nsid, (_, response) => json(response, body, { headers, status }))
}

const past = '2020-01-01T00:00:00.000Z'

function viewOf(uri: string, did: string, more: object = {}) {
  const record = { $type: 'app.bsky.feed.post', text: 'x', createdAt: past, ...more }
  const author = { did, handle: did === alice.did ? 'alice.test' : 'someone.test' }
  return { uri, cid: knownPost.cid, author, record, indexedAt: past }
}

const reply = (root: string, parent = root) => {
  const ref = (uri: string) => ({ uri, cid: knownPost.cid })
  return { reply: { root: ref(root), parent: ref(parent) } }
}

describe('getTimeline', () => {
  it("getTimeline contains the account's newest post, and the AppView's lag", async () => {
    const theirs = viewOf(`at://${someone}/app.bsky.feed.post/1`, someone)
    lagging('app.bsky.feed.getTimeline', { feed: [{ post: theirs }], cursor: 'next', more: 1 })
    const { data, headers } = await alice.agent.getTimeline({ limit: 10 })
    expect(data.feed.map(({ post }) => post.uri)).toEqual([newPost.uri, theirs.uri])
    expect(data).toMatchObject({ cursor: 'next', more: 1 })
    expect(data.feed[0]?.post).toMatchObject({
      uri: newPost.uri,
      cid: newPost.cid,
      author: { did: alice.did, handle: 'alice.test', displayName: 'Alice the new' },
      record: { text: 'new' },
      likeCount: 0,
    })
    expect(Number(headers['atproto-upstream-lag'])).toBeGreaterThan(0)
    expect(appView.requests.at(-1)?.path).toBe('/xrpc/app.bsky.feed.getTimeline?limit=10')
  })

  it('getTimeline is compressed for the client, changed or not, and varies by encoding', async () => {
    const theirs = (n: number) => viewOf(`at://${someone}/app.bsky.feed.post/${n}`, someone)
    const feed = Array.from({ length: 50 }, (_, n) => ({ post: theirs(n) }))
    const { rev } = (await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data
    for (const [told, more] of [
      [knownRev, 1],
      [rev, 0],
    ] as const) {
      lagging('app.bsky.feed.getTimeline', { feed }, told)
      const ask = (encoding: string) =>
        call(server, '/xrpc/app.bsky.feed.getTimeline', {
          as: alice,
          headers: { 'accept-encoding': encoding },
        })
      const packed = await ask('gzip')
      expect(packed.headers.get('content-encoding')).toBe('gzip')
      expect(packed.headers.get('vary')).toBe('Authorization, Accept-Encoding')
      expect((packed.body as { feed: unknown[] }).feed).toHaveLength(50 + more)
      const plain = await ask('identity')
      expect(plain.headers.get('content-encoding')).toBe(null)
      expect(plain.body).toEqual(packed.body)
    }
    lagging('app.bsky.feed.getTimeline', { feed: [] })
    const headers = { 'accept-encoding': 'gzip, identity;q=0' }
    const short = await call(server, '/xrpc/app.bsky.feed.getTimeline', { as: alice, headers })
    expect(short.headers.get('content-encoding')).toBe('gzip')
  })

  it('getTimeline is not modified if the AppView is up to date, has no rev, or one before all records', async () => {
    const theirs = { feed: [{ post: viewOf(`at://${someone}/app.bsky.feed.post/1`, someone) }] }
    const { rev } = (await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })).data
    for (const atRev of [rev, null, '2222222222222', 'nonsense']) {
      lagging('app.bsky.feed.getTimeline', theirs, atRev)
      const { data, headers } = await alice.agent.getTimeline()
      expect(data).toEqual(theirs)
      expect(headers).not.toHaveProperty('atproto-upstream-lag')
    }
  })

  it('getTimeline is passed on byte for byte if it is malformed', async () => {
    const broken = '{"feed": [{"post": "no post"}] }'
    const answer = (text: string, type: string) =>
      appView.respond('app.bsky.feed.getTimeline', (_, response) => {
        response.writeHead(200, { 'content-type': type, 'atproto-repo-rev': knownRev }).end(text)
      })
    answer(broken, 'application/json')
    const kept = await call(server, '/xrpc/app.bsky.feed.getTimeline', { as: alice })
    expect(kept.body).toEqual(JSON.parse(broken))
    for (const type of ['application/json', 'text/plain']) {
      answer('no {JSON', type)
      const response = await call(server, '/xrpc/app.bsky.feed.getTimeline', { as: alice })
      expect([response.status, response.body, response.headers.get('content-type')]).toEqual([
        200,
        'no {JSON',
        type,
      ])
    }
  })

  it('getTimeline checks its parameters first, then the credentials', async () => {
    const path = '/xrpc/app.bsky.feed.getTimeline'
    expect(await statusAndError(call(server, `${path}?limit=1000`))).toEqual([
      400,
      'InvalidRequest',
    ])
    expect(await statusAndError(call(server, path))).toEqual([401, 'AuthMissing'])
  })

  it("getTimeline embeds the AppView's view of a quoted post", async () => {
    const quoted = viewOf(`at://${someone}/app.bsky.feed.post/9`, someone)
    appView.respond('app.bsky.feed.getPosts', { posts: [quoted] })
    lagging('app.bsky.feed.getTimeline', { feed: [] })
    const { uri } = await alice.agent.post({
      text: 'look',
      embed: { $type: 'app.bsky.embed.record', record: { uri: quoted.uri, cid: quoted.cid } },
    })
    const { data } = await alice.agent.getTimeline()
    expect(data.feed[0]?.post.embed).toMatchObject({
      $type: 'app.bsky.embed.record#view',
      record: { $type: 'app.bsky.embed.record#viewRecord', uri: quoted.uri, value: quoted.record },
    })
    await alice.agent.deletePost(uri)
  })
})

describe('getProfile and getProfiles', () => {
  it("getProfile and getProfiles contain the account's current profile, and others unmodified", async () => {
    const own = { did: alice.did, handle: 'alice.test', displayName: 'Alice the old', banner: 'b' }
    const theirs = { did: someone, handle: 'someone.test', displayName: 'Someone' }
    lagging('app.bsky.actor.getProfile', own)
    const { data } = await alice.agent.getProfile({ actor: alice.did })
    const updated = { did: alice.did, handle: 'alice.test', displayName: 'Alice the new' }
    expect(data).toEqual({ ...updated, description: 'words' })
    lagging('app.bsky.actor.getProfiles', { profiles: [theirs, own] })
    const many = await alice.agent.getProfiles({ actors: [someone, alice.did] })
    expect(many.data.profiles).toEqual([theirs, { ...updated, description: 'words' }])
    const loose = `/xrpc/app.bsky.actor.getProfiles?actors[]=${someone}&actors[1]=${alice.did}`
    expect((await call(server, loose, { as: alice })).status).toBe(200)
  })
})

describe('getAuthorFeed and getActorLikes', () => {
  it("getAuthorFeed and getActorLikes contain the newest post in the account's own feed, and its current name everywhere", async () => {
    const own = { post: viewOf(knownPost.uri, alice.did) }
    const theirs = { post: viewOf(`at://${someone}/app.bsky.feed.post/1`, someone) }
    lagging('app.bsky.feed.getAuthorFeed', { feed: [own] })
    const { data } = await alice.agent.getAuthorFeed({ actor: alice.did })
    expect(data.feed.map(({ post }) => [post.uri, post.author.displayName])).toEqual([
      [newPost.uri, 'Alice the new'],
      [knownPost.uri, 'Alice the new'],
    ])
    lagging('app.bsky.feed.getAuthorFeed', { feed: [theirs, own] })
    const foreign = await alice.agent.getAuthorFeed({ actor: someone })
    expect(foreign.data.feed).toEqual([theirs, own])
    lagging('app.bsky.feed.getActorLikes', { feed: [theirs, own] })
    const likes = await alice.agent.getActorLikes({ actor: alice.did })
    expect(likes.data.feed.map(({ post }) => post.author.displayName)).toEqual([
      undefined,
      'Alice the new',
    ])
  })
})

describe('getPostThread', () => {
  const thread = (post: object, replies?: object[]) => ({
    thread: { $type: 'app.bsky.feed.defs#threadViewPost', post, ...(replies && { replies }) },
  })

  it("getPostThread contains the account's newest replies below their parents", async () => {
    const root = `at://${someone}/app.bsky.feed.post/root`
    const middle = `at://${someone}/app.bsky.feed.post/middle`
    const known = thread(viewOf(middle, someone, reply(root))).thread
    lagging('app.bsky.feed.getPostThread', thread(viewOf(root, someone), [known]))
    const mine = await alice.agent.post({ text: 'mine', ...reply(root, middle) })
    const { data } = await alice.agent.getPostThread({ uri: root })
    expect(data.thread).toMatchObject({
      replies: [{ post: { uri: middle }, replies: [{ post: { uri: mine.uri } }] }],
    })
    await alice.agent.deletePost(mine.uri)
  })

  it('getPostThread is built locally if the AppView does not have the post yet', async () => {
    const root = `at://${someone}/app.bsky.feed.post/root`
    const mine = await alice.agent.post({ text: 'mine', ...reply(root) })
    const below = await alice.agent.post({ text: 'below', ...reply(root, mine.uri) })
    appView.respond('app.bsky.feed.getPostThread', ({ url = '' }, response) => {
      const isRoot = new URL(url, appView.url).searchParams.get('uri') === root
      if (isRoot) return json(response, thread(viewOf(root, someone)))
      const headers = { 'atproto-repo-rev': knownRev }
      return json(response, { error: 'NotFound', message: 'no post' }, { status: 400, headers })
    })
    for (const uri of [mine.uri, mine.uri.replace(alice.did, alice.handle)]) {
      const { data, headers } = await alice.agent.getPostThread({ uri, parentHeight: 5 })
      expect(data.thread).toMatchObject({
        post: { uri: mine.uri },
        parent: { post: { uri: root } },
        replies: [{ post: { uri: below.uri } }],
      })
      expect(Number(headers['atproto-upstream-lag'])).toBeGreaterThan(0)
    }
    const attempt = alice.agent.getPostThread({ uri: `at://${someone}/app.bsky.feed.post/none` })
    await expect(attempt).rejects.toMatchObject({ status: 400, error: 'NotFound' })
    await alice.agent.deletePost(below.uri)
    await alice.agent.deletePost(mine.uri)
  })
})

describe('getFeed', () => {
  it("getFeed is called with a service token for the generator in the feed's record", async () => {
    const generator = 'did:web:feeds.example.com'
    appView.respond('com.atproto.repo.getRecord', { uri: 'x', value: { did: generator } })
    appView.respond('app.bsky.feed.getFeed', { feed: [] })
    const feed = `at://${someone}/app.bsky.feed.generator/cats`
    const { data } = await alice.agent.app.bsky.feed.getFeed({ feed })
    expect(data.feed).toEqual([])
    const { authorization } = appView.requests.at(-1)!.headers
    const token = authorization!.replace('Bearer ', '')
    const lxm = 'app.bsky.feed.getFeedSkeleton'
    const claims = await verifyServiceToken(token, generator, lxm)
    expect(claims).toMatchObject({ iss: alice.did })
    appView.respond('com.atproto.repo.getRecord', { uri: 'x', value: {} })
    const unknown = alice.agent.app.bsky.feed.getFeed({ feed })
    await expect(unknown).rejects.toMatchObject({ status: 400, error: 'UnknownFeed' })
  })
})
