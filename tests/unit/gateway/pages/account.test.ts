import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import { scopeWords } from '#src/gateway/pages/account/scope-words.ts'
import { accountTexts } from '#src/gateway/pages/account/texts.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { did, now } from '#tests/support/gateway.ts'
import { openPages } from '#tests/support/open-pages.ts'

const summary = { did, handle: 'alice.test', email: 'alice@example.com', status: 'active' }
const noFactors = { passkeys: [], totp: null, emailCodes: null, recoveryCodesLeft: 0 }
const grant = {
  id: 'tok-1',
  data: JSON.stringify({
    clientId: 'https://app.example/client.json',
    parameters: { scope: 'atproto repo:app.bsky.feed.post' },
  }),
  createdAt: now - 3_600_000,
  updatedAt: now - 60_000,
}

type Answers = Record<string, Record<string, (...args: never[]) => unknown>>

function openAccount(
  answers: Answers = {},
  directory: Answers = {},
  overrides: Parameters<typeof openPages>[2] = {},
) {
  const account = {
    oauth: {
      describe: () => ({ account: { ...summary, emailConfirmed: true }, clients: {} }),
      listGrants: () => [grant],
      listDevices: () => [],
      removeGrant: () => undefined,
      signOutOfDevice: () => undefined,
    },
    factors: { overview: () => noFactors },
    blob: { usage: () => ({ count: 2, bytes: 1_500_000 }) },
    identity: {
      getIdentity: () => ({ handle: 'alice.test', status: 'active' }),
      listOwnRotationKeys: () => [],
    },
    appPassword: { list: () => ({ passwords: [] }) },
    session: {
      list: () => [
        { id: 's1', lastUsedAt: new Date(now).toISOString(), appPassword: '<i>bot</i>' },
      ],
      end: () => undefined,
    },
    repo: {
      getRecord: () => {
        throw invalidRequest('Could not locate record', 'RecordNotFound')
      },
      putRecord: () => ({}),
    },
    ...answers,
  }
  const groups = [{ did: 'did:plc:group', handle: 'club.test', role: 'editor', status: 'active' }]
  const memberships = { list: () => ({ groups }) }
  const invites = { getForAccount: () => ({ codes: [] }) }
  const actors = { account, directory: { memberships, invites, ...directory } }
  return openPages(actors, undefined, overrides)
}

const paths = [
  '',
  '/profile',
  '/recovery',
  '/apps',
  '/app-passwords',
  '/email',
  '/handle',
  '/invites',
  '/groups',
  '/move',
  '/delete',
]

describe('the account area', () => {
  it.each(paths)(
    '/account%s is a page of its owner, and a sign-in page for others',
    async (path) => {
      const own = await openAccount().open(`/account${path}`)
      expect([own.status, own.html.includes('aria-current="page"')]).toEqual([200, true])
      const { html } = await openAccount().fetch(`/account${path}`, { accept: 'text/html' })
      const next = encodeURIComponent(`/account${path}`)
      expect(html).toContain(`action="/account/sign-in?next=${next}"`)
      expect(html).not.toContain('alice')
    },
  )

  it('a session that has ended sees nothing', async () => {
    const check = () => {
      throw authRequired('You are not signed in', 'SignedOut')
    }
    const { html } = await openAccount({ page: { check } }).open('/account/email')
    expect(html).not.toContain('alice@example.com')
    expect(html).toContain('action="/account/sign-in?next=%2Faccount%2Femail"')
  })

  it.each([
    ['/account/apps/disconnect', { id: 'tok-1' }],
    ['/account/apps/end-all', {}],
    ['/account/delete/pause', {}],
    ['/account/email/change', { email: 'eve@example.com' }],
    ['/account/handle/change', { name: 'eve', domain: '.test' }],
    ['/account/profile/save', { displayName: 'Eve' }],
    ['/account/resume', {}],
  ])('%s is refused from another site or without the token of the form', async (path, fields) => {
    const pages = openAccount()
    const foreign = await pages.submit(path, fields, { origin: 'https://evil.example' })
    const forged = await pages.submit(path, { ...fields, csrf: 'forged' })
    expect([foreign.status, forged.status]).toEqual([403, 403])
    expect(pages.gateway.calls.map(([name]) => name)).toEqual([])
  })

  it('the overview says what is missing, and how much storage is used', async () => {
    const { html } = await openAccount().open('/account')
    expect(html).toContain('<a href="/account/data">1.5 MB</a>')
    expect(html).toContain('Email address confirmed')
    expect(html).toMatch(/A second step when you sign in<\/a><small>A passkey/)
    const factors = { ...noFactors, totp: { createdAt: '2026-01-01T00:00:00.000Z' } }
    const later = await openAccount({ factors: { overview: () => factors } }).open('/account')
    expect(later.html).toMatch(/Recovery codes<\/a><small>/)
  })

  it('apps are shown by their host, with what they may do, and can be disconnected', async () => {
    const pages = openAccount()
    const { html } = await pages.open('/account/apps')
    expect(html).toContain('app.example<small>')
    expect(html).toContain('change your data: app.bsky.feed.post')
    expect(html).toContain('&lt;i&gt;bot&lt;/i&gt;')
    const { status, headers } = await pages.submit('/account/apps/disconnect', { id: 'tok-1' })
    expect([status, headers.get('location')]).toEqual([303, '/account/apps?done'])
    expect(pages.gateway.calls).toContainEqual(['oauth.removeGrant', { id: 'tok-1' }])
  })

  it('a browser that is not of this account is not signed out', async () => {
    const pages = openAccount()
    await pages.submit('/account/apps/end-browser', { id: `dev-${'0'.repeat(32)}` })
    const called = pages.gateway.calls.map(([name]) => name)
    expect(called).not.toContain('oauth.signOutOfDevice')
  })

  it('the profile keeps the fields that the form does not have', async () => {
    const value = { $type: 'app.bsky.actor.profile', displayName: 'Al', pinnedPost: { uri: 'x' } }
    const json = JSON.stringify({ uri: '', cid: 'bafy', value })
    const written: unknown[] = []
    const pages = openAccount({
      repo: { getRecord: () => ({ json }), putRecord: (input: unknown) => written.push(input) },
    })
    expect((await pages.open('/account/profile')).html).toContain('value="Al"')
    await pages.submit('/account/profile/save', { displayName: 'Alice', description: 'a\r\nb' })
    const record = { ...value, displayName: 'Alice', description: 'a\nb' }
    const name = { collection: 'app.bsky.actor.profile', rkey: 'self' }
    expect(written).toEqual([{ ...name, record, swapRecord: 'bafy', client: 'page' }])
  })

  it('a file that is no picture is refused, and nothing is written', async () => {
    const pages = openAccount()
    const body = new FormData()
    body.set('csrf', 'c'.repeat(32))
    body.set('picture', new Blob(['<svg/>'], { type: 'image/png' }), 'me.png')
    const response = await pages.gateway.app.request('/account/profile/save', {
      method: 'POST',
      headers: { cookie: pages.cookie },
      body,
    })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('The picture is not a PNG')
    expect(pages.gateway.calls.map(([name]) => name)).not.toContain('repo.putRecord')
  })

  it('a file of a caller without a session is not read', async () => {
    const check = () => {
      throw authRequired('You are not signed in', 'SignedOut')
    }
    const pages = openAccount({ page: { check } })
    let isRead = false
    const read = () => {
      isRead = true
    }
    const incoming = Object.assign(new Readable({ read }), { socket: {}, headers: {} })
    const headers = { cookie: pages.cookie, 'content-type': 'multipart/form-data; boundary=b' }
    const form = { method: 'POST', headers }
    const path = '/account/profile/save'
    const { status } = await pages.gateway.app.request(path, form, { incoming })
    expect([status, isRead]).toEqual([401, false])
  })

  it('a wrong code is shown at its field, with the status of the error', async () => {
    const confirm = () => {
      throw invalidRequest('Token is invalid', 'InvalidToken')
    }
    const describe = () => ({ account: { ...summary, emailConfirmed: false }, clients: {} })
    const pages = openAccount({
      email: { confirm },
      oauth: { describe, listGrants: () => [], listDevices: () => [] },
    })
    const { status, html } = await pages.submit('/account/email/confirm', { code: 'wrong' })
    expect(status).toBe(400)
    expect(html).toMatch(/id="code"[^>]*aria-invalid="true" aria-describedby="note"/)
  })

  it('too many attempts are a page that says when to try again', async () => {
    const refuse = () => {
      throw new XrpcError(429, 'RateLimitExceeded', 'Too many', { 'retry-after': '600' })
    }
    const pages = openAccount({ email: { requestToken: refuse } })
    const { status, headers, html } = await pages.submit('/account/email/send')
    expect([status, headers.get('retry-after')]).toEqual([429, '600'])
    expect(html).toContain('Too many attempts')
  })

  it('forms count against the limits of the methods that they stand for', async () => {
    const counted: unknown[] = []
    const rateLimits = Object.assign(
      ({ nsid, caller }: { nsid: string; caller: unknown }) => void counted.push([nsid, caller]),
      { attempt: async <T>(_: unknown, attempt: () => T | Promise<T>) => attempt() },
    )
    const pages = openAccount({}, {}, { rateLimits })
    await pages.submit('/account/profile/save', { displayName: 'Alice' })
    expect(counted).toEqual([['com.atproto.repo.putRecord', { did }]])
  })

  it('an error is shown beside the field of the form that was sent, with what was typed', async () => {
    const pages = openAccount()
    const { status, html } = await pages.submit('/account/handle/domain', { handle: 'not a name' })
    expect(status).toBe(400)
    expect(html).toMatch(/value="not a name" id="handle"[^>]* aria-invalid="true"/)
    expect(html).not.toMatch(/id="name"[^>]* aria-invalid/)
  })

  it('an account is deleted only with its handle typed', async () => {
    const asked: unknown[] = []
    const lifecycle = { authorizeDeletion: (input: unknown) => void asked.push(input) }
    const pages = openAccount({ lifecycle })
    const fields = { password: 'secret', code: 'AAAAA-BBBBB' }
    const wrong = await pages.submit('/account/delete/confirm', { ...fields, typed: 'alice' })
    expect([wrong.status, asked]).toEqual([400, []])
    const right = await pages.submit('/account/delete/confirm', { ...fields, typed: 'alice.test' })
    expect(right.html).toContain('The account is deleted')
    expect(right.headers.getSetCookie().join()).toMatch(/security-account=; Max-Age=0/)
    expect(asked).toMatchObject([{ password: 'secret', token: 'AAAAA-BBBBB' }])
  })

  it('the links of the stock account pages lead to the area', async () => {
    const { status, headers } = await openAccount().open(`/account/u/${did}/devices`)
    expect([status, headers.get('location')]).toEqual([302, '/account'])
  })

  it('no page of the area has 60 KB', async () => {
    for (const path of paths) {
      const { html } = await openAccount().open(`/account${path}`)
      expect(html.length).toBeLessThan(40_000)
    }
  })
})

describe('what an app may do', () => {
  const texts = accountTexts({ messages: messagesFor('en') })
  it.each([
    ['atproto', ['know who you are']],
    [
      'atproto transition:generic transition:chat.bsky',
      ['read and change all your data', 'read and send direct messages'],
    ],
    ['atproto repo?collection=a.b.c&collection=d.e.f', ['change your data: a.b.c, d.e.f']],
    ['atproto repo:* blob:*/*', ['read and change all your data']],
    [
      'atproto account:email rpc:a.b.c?aud=*',
      ['see your email address', 'use other services as you'],
    ],
    ['atproto include:com.example.perms', ['com.example.perms']],
  ])('%s is said in words', (scope, words) => {
    expect(scopeWords(texts, scope)).toEqual(words)
  })
})
