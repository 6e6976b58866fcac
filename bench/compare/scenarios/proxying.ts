/** Calls proxied to an AppView and to a moderation service, and preferences. */
import { createAccount, takendownToken, writeRecord } from '../accounts.ts'
import type { CallOptions, RecordingClient } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'

export const proxying: Scenario = {
  name: 'proxying',
  environment: 'served',
  async run(client) {
    const { appView, moderation } = client.services
    const account = await createAccount(client, 'passed-on')
    const { access: as, did } = account
    await writeRecord(client, account, 'one')
    const pass = async (what: string, method: string, ask: CallOptions = { as }) => {
      const before = [appView.requests.length, moderation.service.requests.length]
      await client.call(what, method, ask)
      const requests = [
        ...appView.requests.slice(before[0]),
        ...moderation.service.requests.slice(before[1]),
      ]
      client.record(
        `${what}: ${method}, as received`,
        requests.map(({ method, path, headers, body }) => ({
          verb: method,
          path,
          body: body.toString().slice(0, 200),
          headers: passedHeaders(headers),
        })),
      )
    }
    appView.respond('com.example.good', { good: true })
    appView.respond('com.example.post', { done: true })
    for (const status of [400, 401, 403, 404, 429, 500, 501, 502, 503]) {
      appView.respond(
        `com.example.error${status}`,
        (_: unknown, response: import('node:http').ServerResponse) => {
          response.writeHead(status, {
            'content-type': 'application/json',
            'retry-after': '7',
            'atproto-repo-rev': '3kaaaaaaaaa22',
          })
          response.end(JSON.stringify({ error: 'SomeError', message: 'some message' }))
        },
      )
    }
    appView.respond(
      'com.example.text',
      (_: unknown, response: import('node:http').ServerResponse) =>
        void response
          .writeHead(200, {
            'content-type': 'text/plain',
            'set-cookie': 'a=b',
            'x-other': 'y',
            'cache-control': 'public',
            'content-language': 'en',
            'atproto-content-labelers': 'did:x',
          })
          .end('plain'),
    )
    appView.respond(
      'com.example.gone',
      (request: import('node:http').IncomingMessage) => void request.socket.destroy(),
    )
    appView.respond(
      'com.example.redirect',
      (_: unknown, response: import('node:http').ServerResponse) =>
        void response.writeHead(302, { location: '/elsewhere' }).end(),
    )
    appView.respond(
      'com.example.empty',
      (_: unknown, response: import('node:http').ServerResponse) =>
        void response.writeHead(200).end(),
    )

    await pass('good', 'com.example.good', { as, query: 'a=1&b=2&a=3' })
    await pass('HEAD', 'com.example.good', { as, verb: 'HEAD' })
    await pass('PUT', 'com.example.good', { as, verb: 'PUT' })
    await pass('no credentials', 'com.example.good', {})
    await pass('a bad token', 'com.example.good', { as: 'Bearer x' })
    await pass('a narrow session', 'com.example.good', { as: takendownToken(account) })
    await pass('a body', 'com.example.post', { as, body: { a: 1 } })
    await pass('text', 'com.example.post', {
      as,
      body: 'text',
      headers: { 'content-type': 'text/plain' },
    })
    await pass('headers', 'com.example.good', {
      as,
      headers: {
        'accept-language': 'de',
        'atproto-accept-labelers': 'did:x',
        'x-atproto-some': '1',
        'x-bsky-topics': 'a',
        cookie: 'a=b',
        'x-forwarded-for': '1.2.3.4',
        'user-agent': 'me',
        'accept-encoding': 'identity',
      },
    })
    for (const status of [400, 401, 403, 404, 429, 500, 501, 502, 503])
      await pass('an error', `com.example.error${status}`)
    for (const method of ['text', 'gone', 'redirect', 'empty', 'missing'])
      await pass('odd', `com.example.${method}`)
    const targets = [
      '',
      'x',
      'did:web:x',
      `${appView.did}#other`,
      `${appView.did}#none`,
      `${appView.did}#bsky_appview`,
      `${appView.did} #other`,
      `${appView.did}#other#x`,
      `${moderation.did}#atproto_labeler`,
      `did:plc:${'a'.repeat(24)}#x`,
      'did:web:localhost%3A1#x',
      `${did}#atproto_pds`,
    ]
    for (const [n, target] of targets.entries())
      await pass(`target ${n}`, 'com.example.good', { as, headers: { 'atproto-proxy': target } })
    const otherService = { as, headers: { 'atproto-proxy': `${appView.did}#other` } }
    for (const method of [
      'com.atproto.server.getSession',
      'com.atproto.repo.getRecord',
      'com.atproto.server.activateAccount',
      'COM.atproto.server.getSession',
      'com.atproto.identity.signPlcOperation',
      'com.atproto.admin.sendEmail',
      'app.bsky.actor.getPreferences',
      'app.bsky.feed.getTimeline',
      'com.atproto.moderation.createReport',
      'chat.bsky.convo.listConvos',
    ]) {
      await pass('elsewhere', method, otherService)
    }
    await pass('to the moderators', 'tools.ozone.moderation.queryStatuses')
    await pass('for who is not here', 'com.atproto.repo.getRecord', {
      query: {
        repo: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
        collection: 'com.example.thing',
        rkey: 'x',
      },
    })
    await pass('for a handle that is not here', 'com.atproto.identity.resolveHandle', {
      query: { handle: 'nothing.example.com' },
    })
    await pass('a profile', 'app.bsky.actor.getProfile', { as, query: { actor: did } })
    await pass('a timeline with brackets', 'app.bsky.feed.getTimeline', { as, query: 'limit[]=1' })
    await pass('pushes', 'app.bsky.notification.registerPush', {
      as,
      body: { serviceDid: appView.did, token: 't', platform: 'ios', appId: 'a' },
    })
    await pass('pushes of others', 'app.bsky.notification.registerPush', {
      as,
      body: { serviceDid: 'did:web:none.example', token: 't', platform: 'ios', appId: 'a' },
    })
    await pass('a report', 'com.atproto.moderation.createReport', {
      as,
      body: {
        reasonType: 'com.atproto.moderation.defs#reasonSpam',
        subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      },
    })
    moderation.service.respond('com.atproto.moderation.createReport', {
      id: 1,
      reasonType: 'com.atproto.moderation.defs#reasonSpam',
      subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      reportedBy: did,
      createdAt: '2026-01-01T00:00:00.000Z',
    })
    await pass('a report that is taken', 'com.atproto.moderation.createReport', {
      as,
      body: {
        reasonType: 'com.atproto.moderation.defs#reasonSpam',
        subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      },
    })
    await moderators(client, did)
    await preferences(client, as)
  },
}

async function moderators(client: RecordingClient, did: string) {
  const { moderation } = client.services
  for (const method of [
    'com.atproto.admin.getAccountInfo',
    'com.atproto.admin.deleteAccount',
    'app.bsky.actor.getPreferences',
  ]) {
    const ask: CallOptions = method.endsWith('deleteAccount')
      ? { body: { did: `did:plc:${'a'.repeat(24)}` } }
      : { query: { did } }
    const token = (lxm: string, as?: 'atproto', aud = 'did:web:localhost') =>
      moderation.authorization(aud, lxm, as)
    await client.call('by its moderators', method, { ...ask, as: token(method) })
    await client.call('by their other key', method, { ...ask, as: token(method, 'atproto') })
    await client.call('for another method', method, { ...ask, as: token('com.example.do') })
    await client.call('for another server', method, {
      ...ask,
      as: token(method, undefined, 'did:web:x'),
    })
  }
}

async function preferences(client: RecordingClient, as: string) {
  const put = (what: string, list: unknown) =>
    client.call(what, 'app.bsky.actor.putPreferences', { as, body: { preferences: list } })
  const get = (what: string) => client.call(what, 'app.bsky.actor.getPreferences', { as })
  const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }
  await get('none')
  await put('good', [adult])
  await get('one')
  await put('no $type', [{ enabled: true }])
  await put('another namespace', [{ $type: 'com.example.pref', a: 1 }])
  await put('a bad one', [{ $type: 'app.bsky.actor.defs#adultContentPref', enabled: 'yes' }])
  await put('an unknown one', [{ $type: 'app.bsky.actor.defs#somethingNew', a: 1 }])
  await put('personal details', [
    adult,
    { $type: 'app.bsky.actor.defs#personalDetailsPref', birthDate: '2000-01-01T00:00:00.000Z' },
  ])
  await get('with an age')
  await put('what only is read', [
    { $type: 'app.bsky.actor.defs#declaredAgePref', isOverAge13: true },
  ])
  await get('after that')
  await put('no list', {})
  await put('twice', [adult, adult])
  await get('twice')
  await put('nothing', [])
  await get('nothing')
}

// Headers that the server itself adds, such as user-agent, are not compared.
const interesting = /^(authorization|content-type|accept-language|atproto-.*|x-.*|cookie)$/

function passedHeaders(headers: Record<string, unknown>) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => interesting.test(name) && value !== '*'),
  )
}
