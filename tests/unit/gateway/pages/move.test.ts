/** The pages on moves, over moves that the test sets. */
import { beforeEach, describe, expect, it } from 'vitest'
import { authRequired, invalidRequest, XrpcError } from '#src/errors.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import type { Migration } from '#src/rules/migrations.ts'
import { did, now } from '#tests/support/gateway.ts'
import { openPages } from '#tests/support/open-pages.ts'
import { pagePorts, rateLimits } from '#tests/support/page-ports.ts'

const server = 'https://next.example'
const copying: Migration = {
  ...{ direction: 'out', server, step: 'blobs', error: null, isRunning: true },
  progress: { repoBytes: 2_500_000, records: 40, recordsTotal: 41, blobs: 3, blobsTotal: 9 },
  ...{ startedAt: now, updatedAt: now },
}
const waiting: Migration = { ...copying, step: 'code', isRunning: false }
const newAccount = {
  ...{ name: 'alice', domain: '.next.example', email: 'alice@example.com' },
  'new-password': 'correct horse',
}
const moving = {
  ...{ identifier: 'alice.old.example', password: 'old secret', name: 'alice', domain: '.test' },
  ...{ email: 'alice@example.com', 'new-password': 'correct horse' },
}

let asked: unknown[][]
beforeEach(() => {
  asked = []
})

function open(
  {
    move = null,
    status = 'active',
    ...answers
  }: {
    move?: Migration | null
    status?: string
  } & Partial<Record<keyof Migrations, (...args: never[]) => unknown>> = {},
  overrides: Parameters<typeof openPages>[2] = {},
) {
  const all: Record<string, (...args: never[]) => unknown> = {
    find: () => move,
    movedTo: () => undefined,
    describe: () => ({ url: server, did: 'did:web:next.example', domains: ['.next.example'] }),
    findElsewhere: () => ({ did: 'did:plc:moving', url: 'https://old.example' }),
    ...answers,
  }
  const migrations = new Proxy({} as Migrations, {
    get:
      (_, name: string) =>
      async (...args: never[]) => {
        asked.push([name, ...args])
        return all[name]?.(...args)
      },
  })
  const account = { did, handle: 'alice.test', email: 'alice@example.com', status }
  const actors = {
    account: {
      oauth: { describe: () => ({ account }) },
      page: { check: () => undefined, signIn: () => ({ kinds: [] }) },
    },
  }
  const pages = { ...pagePorts({ now: () => now }), migrations }
  return openPages(actors, undefined, { pages, ...overrides })
}

const called = (name: string) => asked.filter(([one]) => one === name).map(([, ...args]) => args)

describe('moving away', () => {
  it('the new server is asked what accounts there need, and a wrong address is shown at its field', async () => {
    const pages = open()
    expect((await pages.open('/account/move')).html).toContain('Address of the new server')
    const { html } = await pages.open('/account/move?server=next.example')
    expect(html).toContain('Your account at next.example')
    expect(html).toContain('<option value=".next.example"')
    expect(html).not.toContain('Invite code')
    const refuse = () => {
      throw new XrpcError(400, 'InvalidServer', 'it has a port')
    }
    const wrong = await open({ describe: refuse }).open('/account/move?server=%3Ci%3E')
    expect(wrong.html).toMatch(/value="&lt;i&gt;"[^>]*aria-invalid="true"/)
    expect(wrong.html).toContain('it has a port')
  })

  it('each request to a server that was typed is counted', async () => {
    const counted: string[] = []
    const pages = open({}, { rateLimits: rateLimits(counted, 2) } as never)
    const path = '/account/move?server=next.example'
    expect((await pages.open(path)).html).toContain('Your account at next.example')
    expect((await pages.open(path)).html).toContain('Too many attempts')
    const nsid = 'com.atproto.identity.refreshIdentity'
    expect([counted, called('describe')]).toEqual([[nsid, nsid], [['next.example']]])
  })

  it('a move begins with the account at the new server', async () => {
    const path = `/account/move/out?server=${encodeURIComponent(server)}`
    const { status, headers } = await open().submit(path, newAccount)
    expect([status, headers.get('location')]).toEqual([303, '/account/move'])
    const account = { handle: 'alice.next.example', email: 'alice@example.com' }
    expect(called('beginOut')).toEqual([[did, server, { ...account, password: 'correct horse' }]])
  })

  it('the handle stays if it is a domain of its owner', async () => {
    await open().submit(`/account/move/out?server=${server}`, { ...newAccount, domain: '' })
    expect(called('beginOut')[0]![2]).toMatchObject({ handle: 'alice.test' })
  })

  it('what the new server refuses is shown at the field, and the form is still there', async () => {
    const beginOut = () => {
      throw invalidRequest('Handle already taken', 'HandleNotAvailable')
    }
    const pages = open({ beginOut })
    const { status, html } = await pages.submit(`/account/move/out?server=${server}`, newAccount)
    expect(status).toBe(400)
    expect(html).toMatch(/id="name"[^>]*aria-invalid="true"/)
    expect(html).toContain('This handle is already taken.')
  })

  it.each(['out', 'back', 'sign-in', 'continue', 'again', 'send', 'confirm', 'cancel'])(
    '/account/move/%s is refused from another site',
    async (name) => {
      const headers = { origin: 'https://evil.example' }
      const { status } = await open().submit(`/account/move/${name}`, newAccount, headers)
      expect([status, asked]).toEqual([403, []])
    },
  )
})

describe('a move that is under way', () => {
  it('a move shows what is copied, and can be cancelled', async () => {
    const { html } = await open({ move: copying }).open('/account/move')
    expect(html).toContain('Moving to next.example')
    expect(html).toContain('40 of 41 · 2.5 MB')
    expect(html).toContain('<progress value="3" max="9"')
    expect(html).toContain('action="/account/move/cancel"')
    expect(html).not.toContain('Move now')
    expect(called('start')).toEqual([])
  })

  it('a move whose process has ended goes on when its page is opened', async () => {
    const { html } = await open({ move: { ...copying, isRunning: false } }).open('/account/move')
    expect(called('start')).toEqual([[did]])
    expect(html).toContain('You can close this page.')
  })

  it('the page of a move is live while it runs, and each rendering checks the session', async () => {
    const rendered: unknown[] = []
    let isSignedIn = true
    const live = {
      position: undefined,
      open: async (_: unknown, page: { everyMs?: number; render(): Promise<unknown> }) => {
        rendered.push(page.everyMs, await page.render())
        isSignedIn = false
        rendered.push(await page.render().catch(({ status }: XrpcError) => status))
        return new Response('')
      },
    }
    const migrations = { find: async () => copying } as never
    const pages = { ...pagePorts({ now: () => now }), migrations, live: live as never }
    const check = () => {
      if (!isSignedIn) throw authRequired('over', 'SignedOut')
    }
    const browser = openPages({ account: { page: { check } } }, undefined, { pages })
    const { html } = await browser.open('/account/move')
    expect(html).toContain('data-live="/account/move/live"')
    expect((await browser.open('/account/move/live')).status).toBe(200)
    expect(rendered).toMatchObject([1_000, [{ cell: 'move' }], 401])
    expect((await browser.open('/account/move/live')).status).toBe(401)
    expect((await open({ move: waiting }).open('/account/move')).html).not.toContain('data-live')
  })

  it('a move that waits for its owner does not start by itself', async () => {
    const { html } = await open({ move: waiting }).open('/account/move')
    expect(html).toContain('Confirm the move')
    expect(html).toContain('Your turn')
    expect(called('start')).toEqual([])
  })

  it('files that are missing are listed before the owner confirms', async () => {
    const progress = { ...waiting.progress, missing: 2, missingCids: ['bafy-1', 'bafy-2'] }
    const { html } = await open({ move: { ...waiting, progress } }).open('/account/move')
    expect(html).toContain('2 files could not be copied')
    expect(html).toContain('bafy-2')
    await open().submit('/account/move/again')
    expect(called('copyAgain')).toEqual([[did]])
  })

  it('the code is mailed by the old server, and a wrong one is shown at its field', async () => {
    const confirm = () => {
      throw invalidRequest('Token is invalid', 'InvalidToken')
    }
    const pages = open({ move: { ...waiting, direction: 'in' }, confirm })
    const sent = await pages.submit('/account/move/send')
    expect(sent.html).toContain('next.example has sent a code to your email address.')
    const { html } = await pages.submit('/account/move/confirm', { code: ' AAAAA-BBBBB ' })
    expect(called('confirm')).toEqual([[did, 'AAAAA-BBBBB']])
    expect(html).toMatch(/id="code"[^>]*aria-invalid="true"/)
  })

  it('a session that is over asks for the password of the other server', async () => {
    const pages = open({ move: { ...copying, isRunning: false, error: 'SignIn' } })
    const { html } = await pages.open('/account/move')
    expect(html).toContain('Your session at next.example has ended.')
    await pages.submit('/account/move/sign-in', { password: 'secret', factor: '123' })
    expect(called('signInAgain')).toEqual([[did, { password: 'secret', code: '123' }]])
    expect(called('start')).toEqual([])
  })

  it('a move cannot be cancelled in the middle of its last steps', async () => {
    const { html } = await open({ move: { ...copying, step: 'deactivate' } }).open('/account/move')
    expect(html).not.toContain('action="/account/move/cancel"')
  })

  it('a move that is done says where the account is', async () => {
    const done = { ...copying, step: 'done', isRunning: false } as const
    expect((await open({ move: done }).open('/account/move')).html).toContain(
      'Your account is at next.example now',
    )
    const here = { ...done, direction: 'in' } as const
    const { html } = await open({ move: here }).open('/account/move')
    expect(html).toContain('Your account is on this server now')
  })

  it('an account that has left can come back', async () => {
    const pages = open({ status: 'deactivated', movedTo: () => server })
    expect((await pages.open('/account/move')).html).toContain('Move back to this server')
    await pages.submit('/account/move/back', { password: 'secret' })
    expect(called('bringBack')).toEqual([[did, { password: 'secret' }]])
  })
})

describe('/move', () => {
  it('a move here creates the account and signs its owner in', async () => {
    const pages = open()
    const { status, headers } = await pages.submit('/move', moving)
    expect([status, headers.get('location')]).toEqual([303, '/account/move'])
    expect(headers.getSetCookie().join()).toMatch(/security-account=[\w-]{43}\.did/)
    const account = { handle: 'alice.test', email: moving.email, password: 'correct horse' }
    const found = { did: 'did:plc:moving', url: 'https://old.example' }
    expect(called('beginIn')).toEqual([[found, { password: 'old secret' }, account, '192.0.2.1']])
  })

  it.each([
    ['identifier', 'findElsewhere', invalidRequest('none', 'AccountNotFound')],
    ['identifier', 'findElsewhere', invalidRequest('here', 'AccountExists')],
    ['password', 'beginIn', authRequired('Invalid identifier or password')],
    ['factor', 'beginIn', authRequired('A code is needed', 'AuthFactorTokenRequired')],
    [
      'invite',
      'beginIn',
      invalidRequest('Provided invite code not available', 'InvalidInviteCode'),
    ],
    ['name', 'beginIn', invalidRequest('Reserved handle', 'HandleNotAvailable')],
  ])('at the field %s: what %s refuses with %o', async (field, name, error) => {
    const refuse = () => {
      throw error
    }
    const service = { ...open().gateway.server.service, inviteRequired: true }
    const { server: context } = open().gateway
    const pages = open({ [name]: refuse }, { server: { ...context, service } })
    const { status, html, headers } = await pages.submit('/move', moving)
    expect(status).toBe(error.status)
    expect(html).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true"`))
    expect(html).toContain('value="alice.old.example"')
    expect(html).not.toContain('old secret')
    expect(headers.getSetCookie().join()).not.toContain('security-account')
  })

  it('a move here counts as a sign-up, and as a guess of a password', async () => {
    const counted: string[] = []
    const limited = { rateLimits: rateLimits(counted, 2) } as never
    const { status, html } = await open({}, limited).submit('/move', moving)
    expect([status, asked]).toEqual([429, []])
    expect(html).toContain('Too many attempts')
    expect(counted).toEqual([
      'com.atproto.server.createAccount',
      'com.atproto.server.createSession',
    ])
  })

  it('a form of another site or a password that is too short reaches no server', async () => {
    const foreign = await open().submit('/move', moving, { origin: 'https://evil.example' })
    const short = await open().submit('/move', { ...moving, 'new-password': 'short' })
    expect([foreign.status, short.status, asked]).toEqual([403, 400, []])
  })

  it('a server that accepts no imports says so', async () => {
    const { server: context } = open().gateway
    const imports = { accepted: false, maxBytes: 1 }
    const service = { ...context.service, imports }
    const pages = open({}, { server: { ...context, service } })
    const { html } = await pages.fetch('/move', { accept: 'text/html' })
    expect(html).toContain('accepts no accounts from other servers')
    expect(html).not.toContain('<form')
  })
})
