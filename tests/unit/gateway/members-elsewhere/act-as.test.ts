/** The page on which a member acts as a group, for one that has signed in at another server. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { forbidden, type XrpcError } from '#src/errors.ts'
import { openMembersElsewhere } from '#src/gateway/members-elsewhere/open-members-elsewhere.ts'
import { sealedCookie } from '#src/gateway/members-elsewhere/sealed-cookie.ts'
import { did, handle, now, openGateway } from '#tests/support/gateway.ts'
import { noMigrations } from '#tests/support/page-ports.ts'

const bob = 'did:plc:bobelsewherebobelsewhere'
const secret = new TextEncoder().encode('a secret of the tests')
const clock = { now: () => now }
const publicUrl = 'http://localhost:2583'
const csrf = 'c'.repeat(32)
const path = `/account/act-as/${handle}`
const incoming = { socket: {}, headers: {} } as never

function openPages({ isMember = true, refusal }: { isMember?: boolean; refusal?: XrpcError } = {}) {
  const asked: object[] = []
  const find = ({ member }: { member: string }) =>
    isMember && member === bob ? { role: 'editor' } : null
  const actors = { directory: { memberships: { isGroup: () => true, find } } }
  const { server } = openGateway(actors)
  const branding = { name: 'the tests', colors: {}, background: {}, links: [] }
  const { app } = openGateway(actors, {
    pages: {
      ...{ branding, secret, clock },
      groups: {
        membersOn: async () => ({ isItself: false, members: [], hasOthers: false }),
        actAs: async (_, input) => {
          asked.push(input)
          if (refusal !== undefined) throw refusal
          return ['device=1']
        },
      },
      authorizationPage: async () => Promise.reject(new Error('the test has no OAuth library')),
      migrations: noMigrations,
    },
    membersElsewhere: openMembersElsewhere({
      ...{ server, branding, secret, clock, allowHttp: true },
      limitAttempts: async () => {},
    }),
  })
  return { app, asked }
}

/** The cookie of a browser on which Bob has signed in at his server. */
function proof(since = now): string {
  const cookie = sealedCookie('member', { secret, clock, publicUrl, lifetimeMs: 600_000 })
  return cookie.write({ did: bob, since })!.split(';', 1)[0]!
}

const show = async (pages: ReturnType<typeof openPages>, cookie = '', query = '') =>
  (await pages.app.request(`${path}${query}`, { headers: { cookie } }, { incoming })).text()

describe('the page of a group', () => {
  it('leads to the server of a member, and back to what the app asked for', async () => {
    const next = '/oauth/authorize?client_id=a&request_uri=b'
    const html = await show(openPages(), '', `?${new URLSearchParams({ next })}`)
    expect(html).toContain(`<form method="post" action="${path}/elsewhere">`)
    expect(html).toContain(`name="next" value="${next.replace('&', '&amp;')}"`)
    expect(html).not.toContain(bob)
  })

  it('offers to continue as a member that has signed in there, and as no other', async () => {
    expect(await show(openPages(), proof())).toContain(`Continue as ${bob}`)
    const html = await show(openPages({ isMember: false }), proof())
    expect(html).not.toContain(bob)
    expect(html).toContain('No account that is signed in here is a member')
    expect(await show(openPages(), 'member=forged')).not.toContain(bob)
  })

  it.each([
    ['with the proof, which is used up', proof(), true],
    ['without it', '', false],
  ])('continues as the member %s', async (_, cookie, isProven) => {
    const pages = openPages()
    const body = Readable.from([Buffer.from(String(new URLSearchParams({ csrf, member: bob })))])
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `security-form=${csrf}; ${cookie}`,
    }
    const sent = Object.assign(body, { socket: {}, headers: {} })
    const response = await pages.app.request(path, { method: 'POST', headers }, { incoming: sent })
    expect(response.status).toBe(200)
    expect(pages.asked).toEqual([{ group: did, member: bob, isProven }])
    const set = response.headers.getSetCookie()
    expect(set).toContain('device=1')
    expect(set.some((line) => line.startsWith('member=;'))).toBe(isProven)
  })
})

it.each([
  ['a choice that is refused', '', { member: bob, csrf }],
  ['an old page', '', { member: bob, csrf: 'old' }],
  ['an old page of another server', '/elsewhere', { identifier: bob, csrf: 'old' }],
])('%s does not lose what the app asked for', async (_, to, fields) => {
  const next = '/oauth/authorize?client_id=a&request_uri=b'
  const { app } = openPages({ refusal: forbidden('You are no member', 'NotAMember') })
  const form = new URLSearchParams({ next, ...fields })
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    cookie: `security-form=${csrf}`,
  }
  const sent = Object.assign(Readable.from([Buffer.from(String(form))]), {
    ...{ socket: {}, headers: {} },
  })
  const response = await app.request(path + to, { method: 'POST', headers }, { incoming: sent })
  expect(response.status).toBe(403)
  expect(await response.text()).toContain(`name="next" value="${next.replace('&', '&amp;')}"`)
})

describe('the way back from another server', () => {
  it('is refused in a browser that was not sent there', async () => {
    const callback = '/oauth/members/callback?state=s&code=c&iss=https://other.example'
    const response = await openPages().app.request(`${publicUrl}${callback}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('This sign-in has expired')
  })

  it('goes through 127.0.0.1 on the machine of a developer', async () => {
    const callback = '/oauth/members/callback?state=s&code=c'
    const response = await openPages().app.request(`http://127.0.0.1:2583${callback}`)
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      `${publicUrl}${callback}`,
    ])
  })
})

it('a page of another site does not send a browser to a server of its choice', async () => {
  const url = `${publicUrl}/oauth/members/start?identifier=${bob}&return_to=/account`
  const headers = { 'sec-fetch-site': 'cross-site' }
  expect((await openPages().app.request(url, { headers })).status).toBe(403)
})

it.each([
  '//evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/\\\\evil.example',
  '/%2e//evil.example',
])('a browser is not sent to another host by the path %s', async (path) => {
  const query = new URLSearchParams({ identifier: bob, return_to: path })
  const url = `${publicUrl}/oauth/members/start?${query}`
  const response = await openPages().app.request(url)
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('return_to must be a path of this server')
})
