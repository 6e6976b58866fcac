/** Proxied methods of other services: who signs, and which headers and bodies are passed on. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { AtpAgent } from '@atproto/api'
import { describe, expect, it } from 'vitest'
import { json, startFakeService } from '#tests/support/fake-service.ts'
import { groupClient, ok } from '#tests/support/group-client.ts'
import { adminPassword, createTestAccount } from '#tests/support/server.ts'
import { serverWithAppView } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice, appView, other, verifyServiceToken } = await serverWithAppView()

const bearer = (header: string | undefined) => header?.replace('Bearer ', '') ?? ''

describe('a proxied method', () => {
  it('a method of the AppView is proxied with a service token of the account, and allowed headers', async () => {
    appView.respond('app.bsky.feed.searchPosts', (_, response) =>
      json(
        response,
        { posts: [] },
        {
          headers: {
            'atproto-repo-rev': '3abc',
            'atproto-content-labelers': 'did:web:labels.example',
            'retry-after': '7',
            'content-language': 'en',
            'set-cookie': 'theirs=1',
            'x-theirs': 'secret',
          },
        },
      ),
    )
    const answer = await call(server, '/xrpc/app.bsky.feed.searchPosts', {
      query: 'q=a%20b&tag=1&tag=2',
      as: alice,
      headers: {
        'accept-language': 'de',
        'atproto-accept-labelers': 'did:web:labels.example',
        'x-bsky-topics': 'cats',
        'x-atproto-anything': 'yes',
        cookie: 'ours=1',
        'x-forwarded-for': '10.1.2.3',
        'x-mine': 'no',
      },
    })
    expect(answer).toMatchObject({ status: 200, body: { posts: [] } })
    const header = (name: string) => answer.headers.get(name)
    expect(header('atproto-repo-rev')).toBe('3abc')
    expect(header('atproto-content-labelers')).toBe('did:web:labels.example')
    expect(header('retry-after')).toBe('7')
    expect(header('content-language')).toBe('en')
    expect(header('cache-control')).toBe('private')
    expect([header('set-cookie'), header('x-theirs')]).toEqual([null, null])

    const { path, headers } = appView.requests.at(-1)!
    expect(path).toBe('/xrpc/app.bsky.feed.searchPosts?q=a%20b&tag=1&tag=2')
    expect(headers).toMatchObject({
      'accept-language': 'de',
      'atproto-accept-labelers': 'did:web:labels.example',
      'x-bsky-topics': 'cats',
      'x-atproto-anything': 'yes',
    })
    const withheld = ['cookie', 'x-forwarded-for', 'x-mine', 'atproto-proxy']
    expect(withheld.filter((name) => name in headers)).toEqual([])
    const token = bearer(headers.authorization)
    const { iss, exp } = await verifyServiceToken(token, appView.did, 'app.bsky.feed.searchPosts')
    expect(iss).toBe(alice.did)
    expect(exp * 1000 - Date.now()).toBeLessThan(61_000)
  })

  it('atproto-proxy selects the service', async () => {
    other.respond('com.example.query', { from: 'the other' })
    const plain = await call(server, '/xrpc/com.example.query', {
      as: alice,
      headers: { 'atproto-proxy': `${other.did}#other` },
    })
    expect(plain.body).toEqual({ from: 'the other' })
    await verifyServiceToken(
      bearer(other.requests.at(-1)!.headers.authorization),
      other.did,
      'com.example.query',
    )
  })

  it('the body of a proxied call is passed on as it came, encoded or not', async () => {
    appView.respond('com.example.procedure', { ok: true })
    const body = gzipSync(JSON.stringify({ text: 'x'.repeat(100_000) }))
    const answer = await call(server, '/xrpc/com.example.procedure', {
      as: alice,
      body,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    })
    expect(answer.body).toEqual({ ok: true })
    const received = appView.requests.at(-1)!
    expect(received).toMatchObject({ method: 'POST', headers: { 'content-encoding': 'gzip' } })
    expect(gunzipSync(received.body)).toEqual(gunzipSync(body))
  })

  it('an encoded answer of a proxied call is passed on as it is', async () => {
    const text = JSON.stringify({ text: 'y'.repeat(5000) })
    appView.respond('com.example.zipped', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(gzipSync(text))
    })
    const headers = { 'accept-encoding': 'gzip' }
    const answer = await call(server, '/xrpc/com.example.zipped', { as: alice, headers })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(answer.body).toEqual(JSON.parse(text))
    expect(appView.requests.at(-1)!.headers['accept-encoding']).toBe('gzip')
  })

  it.each([
    ['refused', 403, { error: 'Nope', message: 'not you' }, 403, 'Nope', 'not you'],
    ['broken', 500, { error: 'Bug', message: 'oh no' }, 502, 'Bug', 'oh no'],
    ['busy', 429, {}, 429, 'RateLimitExceeded', 'Rate Limit Exceeded'],
  ])(
    'a proxied call that was %s has the error of the service',
    async (name, status, body, ...header) => {
      const headers = { 'retry-after': '11' }
      appView.respond(`com.example.${name}`, (_, response) =>
        json(response, body, { status, headers }),
      )
      const answer = await call(server, `/xrpc/com.example.${name}`, { as: alice })
      expect([answer.status, answer.error, answer.message]).toEqual(header)
      expect(answer.headers.get('retry-after')).toBe('11')
    },
  )

  it('a proxied HEAD has the headers of the service, and the server goes on', async () => {
    appView.respond('com.example.head', (_, response) => json(response, { a: 1 }))
    const request = () =>
      fetch(`${server.url}/xrpc/com.example.head`, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${alice.agent.session!.accessJwt}` },
      })
    for (const { status, headers } of [await request(), await request()]) {
      expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
    }
    expect(await call(server, '/xrpc/com.example.head', { as: alice })).toMatchObject({
      status: 200,
      body: { a: 1 },
    })
  })

  it('a proxied call whose atproto-proxy header does not resolve is rejected', async () => {
    const unknown = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
    for (const [header, message] of [
      [`${other.did}#nothing`, 'could not resolve proxy did service url'],
      [`${unknown}#other`, 'could not resolve proxy did'],
    ] as const) {
      const headers = { 'atproto-proxy': header }
      const answer = await call(server, '/xrpc/com.example.query', { as: alice, headers })
      expect(answer).toMatchObject({ status: 400, error: 'InvalidRequest', message })
    }
  })

  it('a proxied call without credentials is rejected, and no session header is passed on', async () => {
    const before = appView.requests.length
    const attempt = call(server, '/xrpc/com.example.query')
    expect(await statusAndError(attempt)).toEqual([401, 'AuthMissing'])
    const other = call(server, '/xrpc/com.atproto.server.getsession', { as: alice })
    expect(await statusAndError(other)).toEqual([400, 'InvalidToken'])
    const put = call(server, '/xrpc/com.example.query', { as: alice, verb: 'PUT', body: {} })
    expect(await statusAndError(put)).toEqual([400, 'InvalidRequest'])
    expect(appView.requests.length).toBe(before)
  })
})

describe('a service that', () => {
  it('a proxied call to an unreachable service answers 502, and the connection stays usable', async () => {
    const away = await startFakeService()
    await call(server, '/xrpc/com.example.query', {
      as: alice,
      headers: { 'atproto-proxy': `${away.did}#other` },
    })
    await away[Symbol.asyncDispose]()
    const headers = { 'atproto-proxy': `${away.did}#other` }
    for (const body of [undefined, { some: 'x'.repeat(200_000) }]) {
      const response = await call(server, '/xrpc/com.example.query', { as: alice, headers, body })
      expect([response.status, response.error, response.message]).toEqual([
        502,
        'UpstreamFailure',
        'Upstream service unreachable',
      ])
    }
  })
})

describe('an access token from before a change of the account status', () => {
  const asAdmin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  const subject = (did: string) => ({ $type: 'com.atproto.admin.defs#repoRef', did })
  const takedown = { applied: true }
  const changes: Record<string, ((did: string) => [method: string, body: object]) | undefined> = {
    active: undefined,
    takendown: (did) => ['admin.updateSubjectStatus', { subject: subject(did), takedown }],
    suspended: (did) => ['/xrpc/_admin/suspend', { account: did }],
    deleted: (did) => ['admin.deleteAccount', { did }],
  }

  it.each([
    ['active', '200', true],
    ['deactivated', '200', true],
    ['takendown', '401 AccountTakedown', true],
    ['suspended', '401 AccountTakedown', true],
    ['deleted', '403 AccountNotFound', false],
  ])(
    'an account that is %s can have calls proxied and tokens signed: %s',
    async (state, expected, mayReport) => {
      const account = await createTestAccount(server, `was-${state}`)
      if (state === 'deactivated') await account.agent.com.atproto.server.deactivateAccount({})
      const change = changes[state]?.(account.did)
      if (change !== undefined) {
        const [method, body] = change
        expect((await call(server, method, { as: asAdmin, body })).status).toBe(200)
      }
      for (const nsid of ['com.example.ask', 'com.example.tell', 'app.bsky.feed.getTimeline']) {
        appView.respond(nsid, { feed: [] })
      }
      other.respond('com.atproto.moderation.createReport', {})
      const requests = () => appView.requests.length + other.requests.length
      const before = requests()
      const outcome = async (method: string, options: object = {}) => {
        const { status, error } = await call(server, method, { as: account, ...options })
        return status === 200 ? '200' : `${status} ${error}`
      }
      const tokenFor = (lxm: string) =>
        outcome('server.getServiceAuth', { query: { aud: 'did:web:example.com', lxm } })
      expect({
        get: await outcome('/xrpc/com.example.ask'),
        post: await outcome('/xrpc/com.example.tell', { body: {} }),
        readAfterWrite: await outcome('/xrpc/app.bsky.feed.getTimeline'),
        token: await tokenFor('chat.bsky.convo.sendMessage'),
      }).toEqual({ get: expected, post: expected, readAfterWrite: expected, token: expected })
      expect(requests() - before).toBe(expected === '200' ? 3 : 0)
      const body = {
        reasonType: 'com.atproto.moderation.defs#reasonAppeal',
        subject: subject(account.did),
      }
      const headers = { 'atproto-proxy': `${other.did}#other` }
      expect([
        await outcome('moderation.createReport', { body, headers }),
        await tokenFor('com.atproto.server.createAccount'),
      ]).toEqual(Array(2).fill(mayReport ? '200' : '403 AccountNotFound'))
    },
  )
})

describe('a group, by an app that knows passwords only', () => {
  it('works with the app password of a member until the membership ends', async () => {
    const eddie = await createTestAccount(server, 'eddie')
    const { ask } = groupClient(server)
    const members = [{ did: eddie.did, role: 'editor' }]
    const { did: cooks } = ok(await ask(alice, 'create', { handle: 'cooks.test', members })) as {
      did: string
    }
    const input = { account: cooks, name: 'the app' }
    const { password } = ok(await ask(eddie, 'createAppPassword', input)) as { password: string }
    expect(ok(await ask(eddie, 'listAppPasswords', undefined, { account: cooks }))).toMatchObject({
      passwords: [{ name: 'the app' }],
    })

    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'cooks.test', password })
    expect(agent.did).toBe(cooks)
    await agent.sessionManager.refreshSession()
    expect((await agent.com.atproto.server.getSession()).data).toMatchObject({ active: true })
    const preferences = [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: false }] as const
    await agent.app.bsky.actor.putPreferences({ preferences: [...preferences] })
    expect((await agent.app.bsky.actor.getPreferences()).data).toEqual({ preferences })
    for (const nsid of ['feed.getTimeline', 'actor.getProfile', 'notification.getUnreadCount']) {
      appView.respond(`app.bsky.${nsid}`, { feed: [], count: 0, did: cooks, handle: 'cooks.test' })
    }
    await agent.getTimeline()
    await agent.getProfile({ actor: cooks })
    await agent.countUnreadNotifications()
    for (const { path, headers } of appView.requests.slice(-3)) {
      const lxm = path.replace('/xrpc/', '').split('?')[0]!
      const token = bearer(headers.authorization)
      expect(await verifyServiceToken(token, appView.did, lxm)).toMatchObject({ iss: cooks })
    }
    const blob = await agent.uploadBlob(Uint8Array.of(1, 2), { encoding: 'image/png' })
    expect(blob.data.blob.size).toBe(2)
    await agent.post({ text: 'soup' })
    const own = await agent.com.atproto.server.createAppPassword({ name: 'more' }).catch((e) => e)
    expect(own).toMatchObject({ status: 400, error: 'InvalidToken' })

    ok(await ask(alice, 'removeMember', { account: cooks, did: eddie.did }))
    await expect(agent.post({ text: 'late' })).rejects.toMatchObject({ status: 403 })
    const again = new AtpAgent({ service: server.url }).login({
      identifier: 'cooks.test',
      password,
    })
    await expect(again).rejects.toMatchObject({ status: 401 })
  })
})
