import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FakeService, startFakeService } from '#tests/support/fake-service.ts'
import { type OAuthServer, startOAuthServer } from '#tests/support/oauth-server.ts'
import { decodeToken } from '#tests/support/session-tokens.ts'

const ask = 'com.example.ask'

let appView: FakeService
let other: FakeService
let fixture: OAuthServer
beforeAll(async () => {
  appView = await startFakeService()
  other = await startFakeService()
  for (const service of [appView, other]) {
    for (const nsid of [
      ask,
      'com.example.tell',
      'chat.bsky.convo.getLog',
      'app.bsky.feed.getTimeline',
    ]) {
      service.respond(nsid, { feed: [] })
    }
  }
  fixture = await startOAuthServer({
    PDS_BSKY_APP_VIEW_URL: appView.url,
    PDS_BSKY_APP_VIEW_DID: appView.did,
  })
})
afterAll(async () => {
  await fixture?.server.remove()
  await appView?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
})

/** The status of each call by an app with the scope; `proxy` is the atproto-proxy header. */
async function outcomes(scope: string, calls: [nsid: string, proxy?: string][]): Promise<number[]> {
  const { session } = await fixture.signIn(scope)
  const statuses: number[] = []
  for (const [nsid, proxy] of calls) {
    const headers: Record<string, string> = proxy === undefined ? {} : { 'atproto-proxy': proxy }
    statuses.push((await session.fetchHandler(`/xrpc/${nsid}`, { headers })).status)
  }
  return statuses
}

const audience = (service: FakeService, id = 'bsky_appview') =>
  encodeURIComponent(`${service.did}#${id}`)

it('an app can call the proxied methods in its scope, and no others', async () => {
  const scope = `atproto rpc:${ask}?aud=${audience(appView)}`
  expect(
    await outcomes(scope, [
      [ask],
      [ask, `${appView.did}#bsky_appview`],
      [ask, `${other.did}#other`],
      ['com.example.tell'],
      ['app.bsky.feed.getTimeline'],
    ]),
  ).toEqual([200, 200, 403, 403, 403])
})

it.each([
  ['transition:generic', [200, 200, 200, 403]],
  ['transition:generic transition:chat.bsky', [200, 200, 200, 200]],
  [`rpc?lxm=${ask}&aud=*`, [200, 403, 200, 403]],
])('the scope %s allows exactly its proxied methods', async (scope, expected) => {
  expect(
    await outcomes(`atproto ${scope}`, [
      [ask],
      ['app.bsky.feed.getTimeline'],
      [ask, `${other.did}#other`],
      ['chat.bsky.convo.getLog'],
    ]),
  ).toEqual(expected)
})

it('a proxied call of an app has a service token of the account, and nothing of the app', async () => {
  const { session } = await fixture.signIn('atproto transition:generic')
  const answer = await session.fetchHandler(`/xrpc/${ask}`)
  expect(answer.headers.get('dpop-nonce')).toMatch(/\S/)
  const { headers } = appView.requests.at(-1)!
  expect(headers).not.toHaveProperty('dpop')
  const { claims } = decodeToken(headers.authorization!.replace('Bearer ', ''))
  expect(claims).toMatchObject({ iss: fixture.alice.did, aud: appView.did, lxm: ask })
})

it('getServiceAuth returns an app service tokens within its scope only', async () => {
  const aud = `${other.did}#other`
  const { session } = await fixture.signIn(`atproto rpc:${ask}?aud=${encodeURIComponent(aud)}`)
  const token = async (lxm: string) => {
    const query = new URLSearchParams({ aud, lxm })
    const path = `/xrpc/com.atproto.server.getServiceAuth?${query}`
    return (await session.fetchHandler(path)).status
  }
  expect([await token(ask), await token('com.example.tell')]).toEqual([200, 403])
})
