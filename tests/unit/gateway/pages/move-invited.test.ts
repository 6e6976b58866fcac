/** /move with the link of an invitation, over moves that the test sets. */
import { beforeEach, describe, expect, it } from 'vitest'
import { authRequired } from '#src/errors.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import { now } from '#tests/support/gateway.ts'
import { openPages } from '#tests/support/open-pages.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

const moving = {
  ...{ identifier: 'alice.old.example', password: 'old secret', name: 'alice', domain: '.test' },
  ...{ email: 'alice@example.com', 'new-password': 'correct horse' },
}

let asked: unknown[][]
beforeEach(() => {
  asked = []
})

function open({ invite, beginIn }: { invite: object | null; beginIn?: () => void }) {
  const all: Record<string, (...args: never[]) => unknown> = {
    findElsewhere: () => ({ did: 'did:plc:moving', url: 'https://old.example' }),
    ...(beginIn && { beginIn }),
  }
  const migrations = new Proxy({} as Migrations, {
    get:
      (_, name: string) =>
      async (...args: never[]) => {
        asked.push([name, ...args])
        return all[name]?.(...args)
      },
  })
  const actors = {
    directory: { moveInvites: { find: () => invite } },
    account: { page: { check: () => undefined, signIn: () => ({ kinds: [] }) } },
  }
  return openPages(actors, undefined, { pages: { ...pagePorts({ now: () => now }), migrations } })
}

const called = (name: string) => asked.filter(([one]) => one === name).map(([, ...args]) => args)

describe('the link of an invitation', () => {
  const invite = {
    ...{ did: 'did:plc:moving', server: 'https://old.example', handle: 'alice.old.example' },
    ...{ code: 'the-code', keepsHandle: false, email: 'alice@example.com', state: 'invited' },
  }
  const link = '/move?account=did%3Aplc%3Amoving&invite=the-code'

  it('knows the account, and proposes its name here and its email address', async () => {
    const { html } = await open({ invite }).open(link)
    expect(html).toContain('@alice.old.example at old.example is invited')
    expect(html).not.toContain('name="identifier"')
    expect(html).toMatch(/<input type="text" value="alice" id="name"/)
    expect(html).toContain('value="alice@example.com"')
    const own = { ...invite, handle: 'alice.example', keepsHandle: true }
    expect((await open({ invite: own }).open(link)).html).toContain('<option value="" selected>')
  })

  it('begins the move of its account with its code; the email address may be left out', async () => {
    const form = { ...moving, account: invite.did, invite: 'the-code', email: '', identifier: 'x' }
    const { status } = await open({ invite }).submit('/move', form)
    expect(status).toBe(303)
    expect(called('findElsewhere')).toEqual([['did:plc:moving']])
    expect(called('beginIn')[0]![2]).toMatchObject({ inviteCode: 'the-code', email: '' })
  })

  it('keeps the account after a mistake', async () => {
    const beginIn = () => {
      throw authRequired('Invalid identifier or password')
    }
    const form = { ...moving, account: invite.did, invite: 'the-code' }
    const { status, html } = await open({ invite, beginIn }).submit('/move', form)
    expect(status).toBe(401)
    expect(html).toContain('@alice.old.example at old.example is invited')
    expect(html).toContain('name="invite" value="the-code"')
  })

  it('of another account, or one that was withdrawn, begins nothing', async () => {
    for (const found of [null, { ...invite, code: 'another' }]) {
      const pages = open({ invite: found })
      expect((await pages.open(link)).html).toContain('no longer valid')
      const form = { ...moving, account: invite.did, invite: 'the-code' }
      const { status, html } = await pages.submit('/move', form)
      expect([status, asked]).toEqual([400, []])
      expect(html).toContain('no longer valid')
    }
  })

  it('leads to the move if that has begun', async () => {
    const { status, headers } = await open({ invite: { ...invite, state: 'moving' } }).open(link)
    expect([status, headers.get('location')]).toEqual([303, '/account/move'])
  })
})
