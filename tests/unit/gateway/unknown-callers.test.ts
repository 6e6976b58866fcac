import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { authRequired } from '#src/errors.ts'
import { accountStore } from '#src/gateway/oauth/account-store.ts'
import { openDeviceGroups } from '#src/gateway/oauth/device-groups.ts'
import { emailTokenFlows } from '#src/gateway/oauth/email-token-flows.ts'
import { openProviderAccounts } from '#src/gateway/oauth/provider-accounts.ts'
import { withRequestContext } from '#src/gateway/oauth/request-context.ts'
import { accountFinder } from '#src/gateway/xrpc/find-account.ts'
import { asAccount, did, handle, openGateway, withRefreshToken } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

const address = '192.0.2.1'
/** The Node request, from which the gateway reads the body. */
const incomingWith = (body = '') =>
  Object.assign(Readable.from([Buffer.from(body)]), {
    url: '/account/sign-in',
    socket: { remoteAddress: address },
    headers: {},
  })
const csrf = 'c'.repeat(32)
const email = 'alice@example.com'
const pages = {
  branding: { name: 'the tests', colors: {}, background: {}, links: [] },
  secret: new Uint8Array(32),
  clock: { now: () => 0 },
  authorizationPage: pagePorts({ now: () => 0 }).authorizationPage,
}

/** A server with one account, which refuses everyone. */
function open() {
  const refuse = () => Promise.reject(authRequired('not you'))
  const refusing = new Proxy(
    {},
    {
      ownKeys: () => actions,
      get: () => refuse,
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: refuse }),
    },
  )
  const account = Object.fromEntries(groups.map((name) => [name, refusing]))
  const found = { did, handle, status: 'active' }
  const find = async () => found
  const directory = {
    accounts: {
      find: async ({ identifier }: { identifier: string }) =>
        [did, handle, email].includes(identifier) ? found : null,
    },
    passwordResets: { find },
  }
  return openGateway({ account: account as never, directory }, { pages } as never)
}

const groups = ['page', 'session', 'oauth', 'email', 'password', 'lifecycle', 'identity', 'repo']
const actions = [
  ...['check', 'signIn', 'signInWithPasskey', 'getPendingStep', 'finishSecondStep', 'end'],
  ...['requestStepCode', 'createSession', 'refreshSession', 'getSession', 'requestToken', 'reset'],
  ...['authorizeDeletion', 'authenticateAccount', 'describe', 'findOnDevice', 'signOutOfDevice'],
  ...['listDevices', 'requestUpdate', 'update', 'confirm', 'setAuthorizedClient', 'getRecord'],
]

type Gateway = ReturnType<typeof open>

const cookie = `security-form=${csrf}; security-account=invented.${did}`
const formAt = (path: string, form?: Record<string, string>) => async (gateway: Gateway) => {
  const request =
    form === undefined
      ? { headers: { cookie }, body: undefined }
      : {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ csrf, ...form }).toString(),
        }
  await gateway.app.request(path, request as RequestInit, {
    incoming: incomingWith(request.body),
  })
}
const page = (path: string, form?: Record<string, string>) =>
  formAt(`/account/security${path}`, form)
const signIn = (query: string, form?: Record<string, string>) =>
  formAt(`/account/sign-in${query}`, form)
const xrpc =
  (nsid: string, body?: object | null, headers: Record<string, string> = {}) =>
  async (gateway: Gateway) => {
    const text = body ? JSON.stringify(body) : undefined
    const json = text && { 'content-type': 'application/json', 'content-length': `${text.length}` }
    const method = body === undefined ? 'GET' : 'POST'
    const request = { method, headers: { ...headers, ...json }, body: text ?? null }
    const env = { incoming: incomingWith(text) }
    await gateway.app.request(`/xrpc/${nsid}`, request, env)
    await new Promise(setImmediate)
  }

/** What the OAuth pages do for a request whose cookies or form name the account. */
const oauth =
  (call: (stores: ReturnType<typeof oauthStores>) => unknown) => async (gateway: Gateway) => {
    const context = { client: { ip: address, network: address }, cookie: undefined }
    const work = async () => call(oauthStores(gateway))
    await withRequestContext(context, work).catch(() => {})
    await new Promise(setImmediate)
  }

function oauthStores({ server }: Gateway) {
  const accounts = openProviderAccounts(server, accountFinder(server.dispatch))
  const groups = openDeviceGroups({ dispatch: server.dispatch, accounts })
  return {
    ...accountStore(server, accounts, groups),
    ...emailTokenFlows(server, accounts),
    accounts,
  }
}

const passkey = JSON.stringify({ response: { userHandle: Buffer.from(did).toString('base64url') } })
const credentials = { identifier: handle, password: 'guess' }
const deviceId = 'dev-1' as never

it.each<[string, (gateway: Gateway) => Promise<void>]>([
  ['an invented cookie on the account page', page('')],
  ['an invented cookie on the page of events', page('/events')],
  ['an invented cookie on a form of the account page', page('/totp/remove', {})],
  ['an invented cookie at the second step', signIn('?page=step')],
  ['a guessed code at the second step', signIn('', { do: 'step', code: '123456' })],
  ['a request for a code at the second step', signIn('', { do: 'mail-code' })],
  ['an invented cookie that signs out', page('/sign-out', {})],
  ['a guessed password on the account page', signIn('', { do: 'sign-in', ...credentials })],
  ['an invented passkey', signIn('', { do: 'passkey', response: passkey })],
  ['createSession', xrpc('com.atproto.server.createSession', credentials)],
  ['requestPasswordReset', xrpc('com.atproto.server.requestPasswordReset', { email })],
  [
    'resetPassword',
    xrpc('com.atproto.server.resetPassword', { token: 'a', password: 'long enough' }),
  ],
  [
    'deleteAccount',
    xrpc('com.atproto.server.deleteAccount', { did, password: 'guess', token: 'a' }),
  ],
  [
    'a guessed password on the sign-in page of an app',
    oauth((stores) => stores.authenticateAccount({ username: handle, password: 'guess' } as never)),
  ],
  ['a DID in the cookies of an app sign-in', oauth((stores) => stores.getAccount(did as never))],
  [
    'a browser that an app sign-in signs out',
    oauth((stores) => stores.removeDeviceAccount(deviceId, did as never)),
  ],
  [
    'a password reset on the OAuth pages',
    oauth((stores) => stores.resetPasswordRequest({ email } as never)),
  ],
  [
    'a guessed code for a password reset on the OAuth pages',
    oauth((stores) =>
      stores.resetPasswordConfirm({ token: 'a', password: 'long enough' } as never),
    ),
  ],
  [
    'a guessed code that confirms an email address on the OAuth pages',
    oauth((stores) => stores.verifyEmailConfirm({ did, email, token: 'a' } as never)),
  ],
  [
    'a guessed password that deletes an account on the OAuth pages',
    oauth((stores) => stores.deleteAccountConfirm({ did, token: 'a', password: 'guess' } as never)),
  ],
])(
  'a sleeping account wakes in the turn of the address, with the sign-ins, for %s',
  async (_, call) => {
    const gateway = open()
    await call(gateway)
    expect(gateway.wakes.length).toBeGreaterThan(0)
    expect(new Set(gateway.wakes)).toEqual(new Set(['sign in']))
    expect(new Set(gateway.callers)).toEqual(new Set([address]))
  },
)

it('a sleeping account wakes in the turn of the address, with the reads, for an unauthenticated read and for another account', async () => {
  const gateway = open()
  const read = `com.atproto.repo.getRecord?repo=${did}&collection=a.b.c&rkey=d`
  await xrpc(read)(gateway)
  expect([gateway.callers, gateway.wakes]).toEqual([[address], ['read']])
})

it.each<[string, (gateway: Gateway) => Promise<void>]>([
  ['getSession', xrpc('com.atproto.server.getSession', undefined, asAccount())],
  ['refreshSession', xrpc('com.atproto.server.refreshSession', null, withRefreshToken())],
  ['the token of an app', oauth(({ accounts }) => accounts.findByToken(did))],
])('a sleeping account wakes at once if this server has issued the token: %s', async (_, call) => {
  const gateway = open()
  await call(gateway)
  expect(gateway.callers).toEqual([undefined])
})

it.each<[string, (gateway: Gateway) => Promise<void>]>([
  [
    'an access token with a wrong signature',
    xrpc('com.atproto.server.getSession', undefined, forged(asAccount())),
  ],
  [
    'a refresh token with a wrong signature',
    xrpc('com.atproto.server.refreshSession', null, forged(withRefreshToken())),
  ],
  [
    'a wrong admin password',
    xrpc(`com.atproto.admin.getAccountInfo?did=${did}`, undefined, {
      authorization: 'Basic YWRtaW46eA==',
    }),
  ],
  [
    'a wrong admin password for a takedown',
    xrpc(
      'com.atproto.admin.updateSubjectStatus',
      { subject: { $type: 'com.atproto.admin.defs#repoRef', did } },
      { authorization: 'Basic YWRtaW46eA==' },
    ),
  ],
  [
    'a code that confirms an email address, without a token',
    xrpc('com.atproto.server.confirmEmail', { email, token: 'a' }),
  ],
  ['checkSignupQueue without a token', xrpc('com.atproto.temp.checkSignupQueue')],
])('no account is called for %s', async (_, call) => {
  const gateway = open()
  await call(gateway)
  expect(gateway.callers).toEqual([])
})

function forged({ authorization }: { authorization: string }) {
  return { authorization: `${authorization.slice(0, -4)}AAAA` }
}
