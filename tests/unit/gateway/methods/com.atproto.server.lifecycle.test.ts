/** com.atproto.repo.importRepo and com.atproto.server's lifecycle methods at the gateway. */
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { describe, expect, it } from 'vitest'
import { asAccount, did, get, openGateway, outcome, post } from '#tests/support/gateway.ts'

const car = 'application/vnd.ipld.car'

function importing(overrides: Parameters<typeof openGateway>[1] = {}) {
  const actions = {
    begin: () => ({ id: 'one' }),
    addPage: () => {},
    finish: () => ({ done: true }),
    abort: () => {},
  }
  return openGateway({ account: { import: actions } }, overrides)
}

const send = (gateway: ReturnType<typeof openGateway>, body: string, type = car) =>
  post(gateway, 'com.atproto.repo.importRepo', body, { ...asAccount(), 'content-type': type })

describe('importRepo', () => {
  it('importRepo passes the body to the account in pages of half a mebibyte', async () => {
    const gateway = importing()
    const response = await send(gateway, 'x'.repeat(1_200_000))
    expect(response.status).toBe(200)
    const pages = gateway.calls.filter(([action]) => action === 'import.addPage')
    expect(pages.map(([, page]) => page as { n: number; bytes: Uint8Array })).toMatchObject([
      { n: 0, bytes: { length: 524_288 } },
      { n: 1, bytes: { length: 524_288 } },
      { n: 2, bytes: { length: 151_424 } },
    ])
    expect(gateway.calls.at(-1)).toEqual(['import.finish', { id: 'one', keys: [] }])
  })

  it('importRepo requires a CAR content type and an account', async () => {
    const json = await outcome(send(importing(), '{}', 'application/json'))
    expect(json).toMatchObject({ status: 400, error: 'InvalidRequest' })
    const unauthenticated = post(importing(), 'com.atproto.repo.importRepo', 'x', {
      'content-type': car,
    })
    expect(await outcome(unauthenticated)).toMatchObject({ status: 401, error: 'AuthMissing' })
  })

  it('importRepo aborts an import that fails', async () => {
    const actions = {
      begin: () => ({ id: 'one' }),
      addPage: () => {
        throw new Error('broken')
      },
      abort: () => {},
    }
    const gateway = openGateway({ account: { import: actions } })
    expect(await outcome(send(gateway, 'x'))).toMatchObject({ status: 500 })
    expect(gateway.calls.at(-1)).toEqual(['import.abort', { id: 'one' }])
  })

  it('importRepo is off or limited in size if configured so', async () => {
    const limited = (imports: { accepted: boolean; maxBytes: number }) => {
      const { server } = importing()
      return importing({ server: { ...server, service: { ...server.service, imports } } })
    }
    expect(await outcome(send(limited({ accepted: false, maxBytes: 10 }), 'x'))).toEqual({
      status: 400,
      error: 'InvalidRequest',
      message: 'Service is not accepting repo imports',
    })
    expect(
      await outcome(send(limited({ accepted: true, maxBytes: 10 }), 'x'.repeat(11))),
    ).toMatchObject({ status: 413, error: 'PayloadTooLarge' })
  })
})

describe('the lifecycle of an account', () => {
  const scopes = ['com.atproto.access', 'com.atproto.appPass', 'com.atproto.takendown'] as const
  it.each([
    ['activateAccount', [200, 400, 400]],
    ['deactivateAccount', [200, 400, 200]],
    ['requestAccountDelete', [200, 400, 400]],
  ])('%s requires the right scope', async (name, expected) => {
    const gateway = openGateway({
      account: {
        lifecycle: { changeState: () => ({}) },
        email: { requestToken: () => ({ token: 'AAAAA-AAAAA', email: 'alice@example.com' }) },
      },
    })
    const body = name === 'deactivateAccount' ? '{}' : ''
    const statuses = scopes.map(async (scope) => {
      const headers = asAccount(did, { scope })
      const method = `com.atproto.server.${name}`
      return (await post(gateway, method, body, headers)).status
    })
    expect(await Promise.all(statuses)).toEqual(expected)
  })

  const permissions = new ScopePermissionsTransition('atproto account:status?action=manage')
  const app = { did, scope: 'oauth', permissions }

  it('deactivateAccount by an app ends the access of every app, by a session it does not', async () => {
    const account = { lifecycle: { changeState: () => ({}) } }
    const deactivate = 'com.atproto.server.deactivateAccount'
    const byApp = openGateway({ account }, { authenticate: async () => app })
    expect((await post(byApp, deactivate, '{}')).status).toBe(200)
    const bySession = openGateway({ account })
    await post(bySession, deactivate, '{}', asAccount())
    const change = { active: false, deleteAfter: null }
    expect([byApp.calls.at(-1), bySession.calls.at(-1)]).toEqual([
      ['lifecycle.changeState', { ...change, dropCredentials: true }],
      ['lifecycle.changeState', change],
    ])
  })

  it('activateAccount by an app is refused, and names the account page', async () => {
    const gateway = openGateway({}, { authenticate: async () => app })
    expect(await outcome(post(gateway, 'com.atproto.server.activateAccount', ''))).toEqual({
      status: 403,
      error: 'Forbidden',
      message:
        'Account reactivation is not available with OAuth credentials. Sign in to your account management page to reactivate.',
    })
  })

  it('checkAccountStatus returns the status of the account, and whether its DID document is valid', async () => {
    const status = { activated: false, repoCommit: 'bafy', active: false, status: 'deactivated' }
    const gateway = openGateway({
      account: {
        lifecycle: { checkAccountStatus: () => status },
        identity: { getIdentity: () => ({ signingKeyDid: 'did:key:z' }) },
      },
    })
    const answer = await get(gateway, 'com.atproto.server.checkAccountStatus', asAccount())
    expect(await answer.json()).toEqual({ ...status, validDid: false, serverCanUpdateDid: false })
  })
})
