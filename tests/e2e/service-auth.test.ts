/** Service tokens, preferences and push registrations. */
import { AtpAgent } from '@atproto/api'
import { describe, expect, it } from 'vitest'
import { serverWithAppView } from '#tests/support/shared-server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const { server, alice, appView, other, verifyServiceToken } = await serverWithAppView()

describe('com.atproto.server.getServiceAuth', () => {
  it('getServiceAuth returns a token that the library verifies', async () => {
    const aud = 'did:web:example.com'
    const exp = Math.floor(Date.now() / 1000) + 600
    const lxm = 'com.example.method'
    const { data } = await alice.agent.com.atproto.server.getServiceAuth({ aud, lxm, exp })
    expect(await verifyServiceToken(data.token, aud, lxm)).toMatchObject({
      iss: alice.did,
      aud,
      lxm,
      exp,
    })
  })

  it('getServiceAuth tokens live a minute by default, and may be for one service of a DID', async () => {
    const aud = 'did:web:example.com#some_service'
    const { data } = await alice.agent.com.atproto.server.getServiceAuth({ aud })
    const { exp, iat, lxm, jti } = JSON.parse(
      Buffer.from(data.token.split('.')[1]!, 'base64url').toString(),
    )
    expect({ life: exp - iat, lxm }).toEqual({ life: 60, lxm: undefined })
    expect(jti).toMatch(/^[0-9a-f]{32}$/)
    await verifyServiceToken(data.token, aud, null)
  })

  const soon = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  it.each([
    ['an audience that is no DID', { aud: 'example.com' }, 'InvalidRequest'],
    ['a DID with a path', { aud: 'did:web:example.com:alice' }, 'InvalidRequest'],
    ['a time in the past', { exp: soon(-60), lxm: 'com.example.a' }, 'BadExpiration'],
    ['more than an hour', { exp: soon(3700), lxm: 'com.example.a' }, 'BadExpiration'],
    ['more than a minute for all methods', { exp: soon(120) }, 'BadExpiration'],
    ['a protected method', { lxm: 'com.atproto.server.getSession' }, 'InvalidRequest'],
    ['a protected method in capitals', { lxm: 'com.atproto.server.GETSESSION' }, 'InvalidRequest'],
  ])('getServiceAuth rejects %s', async (_, params, error) => {
    const query = Object.entries({ aud: 'did:web:example.com', ...params }).map(
      ([name, value]): [string, string] => [name, String(value)],
    )
    const attempt = call(server, 'server.getServiceAuth', {
      query: Object.fromEntries(query),
      as: alice,
    })
    expect(await statusAndError(attempt)).toEqual([400, error])
  })

  it('getServiceAuth gives an app password tokens for privileged methods only if it is privileged', async () => {
    const session = async (privileged: boolean) => {
      const name = `privileged ${privileged} ${performance.now()}`
      const { data } = await alice.agent.com.atproto.server.createAppPassword({ name, privileged })
      const agent = new AtpAgent({ service: server.url })
      await agent.login({ identifier: alice.handle, password: data.password })
      return agent
    }
    const params = { aud: 'did:web:example.com', lxm: 'chat.bsky.convo.getLog' }
    const [plain, privileged] = [await session(false), await session(true)]
    const refused = plain.com.atproto.server.getServiceAuth(params)
    await expect(refused).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    const { data } = await privileged.com.atproto.server.getServiceAuth(params)
    await verifyServiceToken(data.token, params.aud, params.lxm)

    const chat = { headers: { 'atproto-proxy': `${other.did}#other` } }
    other.respond('chat.bsky.convo.getLog', { logs: [] })
    await expect(plain.chat.bsky.convo.getLog({}, chat)).rejects.toMatchObject({
      status: 400,
      error: 'InvalidToken',
    })
    expect((await privileged.chat.bsky.convo.getLog({}, chat)).data.logs).toEqual([])
  })
})

describe('preferences', () => {
  const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }
  const details = {
    $type: 'app.bsky.actor.defs#personalDetailsPref',
    birthDate: '2000-01-01T00:00:00.000Z',
  }
  const age = {
    $type: 'app.bsky.actor.defs#declaredAgePref',
    ...{ isOverAge13: true, isOverAge16: true, isOverAge18: true },
  }

  it("preferences are stored here, and personal details need the account's own session", async () => {
    const { actor } = alice.agent.app.bsky
    await actor.putPreferences({ preferences: [adult, details] })
    expect((await actor.getPreferences()).data.preferences).toEqual([adult, details, age])
    const { data } = await alice.agent.com.atproto.server.createAppPassword({ name: 'phone' })
    const phone = new AtpAgent({ service: server.url })
    await phone.login({ identifier: alice.handle, password: data.password })
    expect((await phone.app.bsky.actor.getPreferences()).data.preferences).toEqual([adult, age])
    const forbidden = phone.app.bsky.actor.putPreferences({ preferences: [details] })
    await expect(forbidden).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    const off = { ...adult, enabled: false }
    await phone.app.bsky.actor.putPreferences({ preferences: [off, age] })
    expect((await actor.getPreferences()).data.preferences).toEqual([details, off, age])
  })

  it('preferences of another AppView are proxied if atproto-proxy names it', async () => {
    other.respond('app.bsky.actor.getPreferences', { preferences: [] })
    other.respond('app.bsky.actor.putPreferences', {})
    const agent = alice.agent.withProxy('bsky_appview', other.did)
    expect((await agent.app.bsky.actor.getPreferences()).data.preferences).toEqual([])
    await agent.app.bsky.actor.putPreferences({ preferences: [adult] })
    expect(JSON.parse(String(other.requests.at(-1)!.body))).toEqual({ preferences: [adult] })
  })

  it.each([
    ['of another namespace', { $type: 'com.example.pref' }],
    ['without a type', { enabled: true }],
  ])('putPreferences rejects %s', async (_, preference) => {
    const body = { preferences: [preference] }
    const attempt = call(server, '/xrpc/app.bsky.actor.putPreferences', { as: alice, body })
    expect(await statusAndError(attempt)).toEqual([400, 'InvalidRequest'])
  })
})

describe('registerPush', () => {
  const unknownDid = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  const push = { token: 'device', platform: 'ios', appId: 'app' }

  it('registerPush is proxied to the service it names: the AppView, or another by its DID document', async () => {
    for (const service of [appView, other]) {
      service.respond('app.bsky.notification.registerPush', (_, response) => void response.end())
      const input = { ...push, serviceDid: service.did }
      await alice.agent.app.bsky.notification.registerPush(input)
      expect(JSON.parse(String(service.requests.at(-1)!.body))).toEqual(input)
    }
  })

  it('registerPush is rejected if the DID does not resolve', async () => {
    const attempt = alice.agent.app.bsky.notification.registerPush({
      ...push,
      serviceDid: unknownDid,
    })
    await expect(attempt).rejects.toMatchObject({
      status: 400,
      message: `could not resolve did document: ${unknownDid}`,
    })
  })
})
