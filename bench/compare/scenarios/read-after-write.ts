/** Views of an AppView that lags behind, with what both servers add. */
import type { ServerResponse } from 'node:http'
import { json } from '#tests/support/fake-service.ts'
import type { Account } from '../account.ts'
import { createAccount } from '../accounts.ts'
import type { RecordingClient } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'

const post = 'app.bsky.feed.post'
const createdAt = '2026-01-01T00:00:00.000Z'

export const readAfterWrite: Scenario = {
  name: 'read-after-write',
  environment: 'served',
  async run(client) {
    const account = await createAccount(client, 'late-reader')
    const { access: as, did, handle } = account
    await put(client, account, 'app.bsky.actor.profile', 'self', { displayName: 'Old' })
    const old = await put(client, account, post, '3kaaaaaaaaa22', { text: 'old', createdAt })
    const { body: known } = await client.prepare('com.atproto.sync.getLatestCommit', {
      query: { did },
    })
    await put(client, account, 'app.bsky.actor.profile', 'self', { displayName: 'New' })
    const parent = { uri: old.uri, cid: old.cid }
    const reply = { root: parent, parent }
    const fresh = await put(client, account, post, '3kaaaaaaaaa23', { text: 'new', createdAt })
    await put(client, account, post, '3kaaaaaaaaa24', { text: 'an answer', createdAt, reply })

    const author = { did, handle, displayName: 'Old' }
    const record = { $type: post, text: 'old', createdAt }
    const view = { ...parent, author, record, indexedAt: createdAt, likeCount: 0 }
    const thread = { $type: 'app.bsky.feed.defs#threadViewPost', post: view, replies: [] }
    const views: Record<string, object> = {
      'app.bsky.actor.getProfile': author,
      'app.bsky.actor.getProfiles': { profiles: [author] },
      'app.bsky.feed.getTimeline': { feed: [{ post: view }] },
      'app.bsky.feed.getAuthorFeed': { feed: [{ post: view }] },
      'app.bsky.feed.getActorLikes': { feed: [{ post: view }] },
      'app.bsky.feed.getPostThread': { thread },
    }
    const { appView } = client.services
    const behind = (rev: string | undefined) => {
      for (const [nsid, body] of Object.entries(views)) {
        appView.respond(nsid, (_: unknown, response: ServerResponse) =>
          json(response, body, { headers: rev === undefined ? {} : { 'atproto-repo-rev': rev } }),
        )
      }
    }
    const queries: Record<string, Record<string, string>> = {
      'app.bsky.actor.getProfile': { actor: did },
      'app.bsky.actor.getProfiles': { actors: did },
      'app.bsky.feed.getTimeline': {},
      'app.bsky.feed.getAuthorFeed': { actor: did },
      'app.bsky.feed.getActorLikes': { actor: did },
      'app.bsky.feed.getPostThread': { uri: old.uri },
    }
    const revs = { behind: known.rev, 'without a rev': undefined, 'of long ago': '3aaaaaaaaaa22' }
    for (const [what, rev] of Object.entries(revs)) {
      behind(rev)
      for (const [nsid, query] of Object.entries(queries)) {
        await noteUpstreamLag(client, what, nsid, { as, query })
      }
    }
    appView.respond('app.bsky.feed.getPostThread', (_: unknown, response: ServerResponse) =>
      json(
        response,
        { error: 'NotFound', message: 'Post not found' },
        { status: 400, headers: { 'atproto-repo-rev': known.rev } },
      ),
    )
    const lost = { as, query: { uri: fresh.uri } }
    await noteUpstreamLag(client, 'a new post', 'app.bsky.feed.getPostThread', lost)
    const external = `at://did:plc:${'b'.repeat(24)}/${post}/3kaaaaaaaaa23`
    const missing = { as, query: { uri: external } }
    await noteUpstreamLag(client, 'of another account', 'app.bsky.feed.getPostThread', missing)
  },
}

async function put(
  client: RecordingClient,
  { did, access }: Account,
  collection: string,
  rkey: string,
  record: object,
): Promise<{ uri: string; cid: string }> {
  const input = { repo: did, collection, rkey, record }
  return (await client.prepare('com.atproto.repo.putRecord', { as: access, body: input })).body
}

/** Records only whether there is a lag: its length differs at each call. */
async function noteUpstreamLag(
  client: RecordingClient,
  what: string,
  nsid: string,
  ask: Parameters<RecordingClient['request']>[1],
): Promise<void> {
  const { status, headers, body } = await client.request(nsid, ask)
  const lag = headers['atproto-upstream-lag'] !== undefined
  client.record(`${what}: ${nsid}`, { status, lag, rev: headers['atproto-repo-rev'], body })
}
