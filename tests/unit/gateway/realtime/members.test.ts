/** Members of a group that subscribe as the group: their credentials, and what a change of the role makes of a connection. */
import { describe, expect, it } from 'vitest'
import { credentialOf } from '#src/gateway/realtime/authenticate-subscriber.ts'
import type { Credential, MemberRole } from '#src/gateway/realtime/credential.ts'
import { Subscriber } from '#src/gateway/realtime/subscriber.ts'
import type { Transport } from '#src/gateway/realtime/transport.ts'
import { builtInRole } from '#src/rules/group-roles.ts'
import { issueTokens } from '#src/rules/session-tokens.ts'
import { testEvents } from '#tests/support/events.ts'

const [group, eddie] = ['did:plc:cooks', 'did:plc:eddie']
const now = Date.parse('2026-01-01T00:00:00Z')
const scope = builtInRole('editor')!.scope

describe('the credential of a member', () => {
  const secret = new TextEncoder().encode('a secret of some length for the test')
  const asked: object[] = []
  const endsAt = now + 3_600_000
  const ports = {
    ...{ serviceDid: 'did:web:a', jwtSecret: secret, clock: { now: () => now } },
    dispatch: {
      account: () => ({
        group: {
          async authorize(input: object) {
            asked.push(input)
            return {
              ...{ name: 'editor', scope, manage: [], revision: 0, asOf: now },
              expiresAt: new Date(endsAt).toISOString(),
            }
          },
        },
      }),
    },
  } as never
  const actingMember = { did: eddie, role: 'editor', revision: 0 }
  const caller = { did: group, scope: 'member', actingMember }
  const expected = {
    ...{ kind: 'member', did: group, validAt: now - 1 },
    member: { did: eddie, role: 'editor', scope, endsAt, asOf: now },
  }

  it('of a session has the id and the end of the session, which the group is asked for', async () => {
    const session = { did: group, tokenId: 'first', member: eddie }
    const { accessJwt } = await issueTokens(session, { secret, audience: 'did:web:a', now })
    const presented = { header: `Bearer ${accessJwt}`, validAt: now - 1 }
    const credential = await credentialOf(ports, caller, presented)
    const { sessionId } = credential as Credential & { kind: 'member' }
    expect(credential).toEqual({ ...expected, sessionId, expiresAt: now + 2 * 3_600_000 })
    expect([typeof sessionId, asked.at(-1)]).toEqual([
      'string',
      { member: eddie, session: sessionId },
    ])
  })

  it('of a service token ends with the token', async () => {
    const claims = Buffer.from(JSON.stringify({ lxm: 'a.b.c', exp: now / 1000 + 60 }))
    const header = `Bearer e30.${claims.toString('base64url')}.x`
    const credential = await credentialOf(ports, caller, { header, validAt: now - 1 })
    expect(credential).toEqual({ ...expected, expiresAt: now + 60_000 })
    expect(asked.at(-1)).toEqual({ member: eddie })
  })

  it('of an app has the scopes of its token, and its grant', async () => {
    const token = { scopes: 'atproto', sessionId: 'grant', expiresAt: now + 1 }
    const presented = { header: 'DPoP x', validAt: now - 1 }
    const credential = await credentialOf(ports, { ...caller, ...token }, presented)
    expect(credential).toEqual({ ...expected, ...token })
  })
})

describe('a connection of a member', () => {
  const editor: MemberRole = { did: eddie, role: 'editor', scope, asOf: 1 }
  const viewer: MemberRole = { did: eddie, role: 'viewer', scope: 'atproto', asOf: 2 }

  async function connected(kinds?: string[]) {
    const { events: stream, addPrivate, settle } = await testEvents()
    const sent: string[] = []
    const ended: string[] = []
    const transport: Transport = {
      isOpen: true,
      hasRoom: true,
      message: (type, payload) => {
        const { name } = JSON.parse(payload) as { name?: string }
        sent.push(name === undefined ? type : `${type} ${name}`)
      },
      events: () => {},
      fail: ({ error }) => void ended.push(error),
      goAway: () => {},
    }
    const credential: Credential = { kind: 'member', did: group, member: editor, validAt: 0 }
    const settings = {
      serviceDid: 'did:web:a',
      preferencesAudience: 'did:web:b#bsky_appview',
    }
    const ports = {
      ...{ stream, ...settings, findAccount: async (did: string) => did },
      ...{ onEventsSent: () => {}, onError: () => {} },
    }
    const subscriber = new Subscriber(ports, { transport, credential })
    await subscriber.subscribe('', kinds === undefined ? {} : { kinds })
    const add = async (kind: string, fields: object) => {
      await addPrivate(group, kind, fields)
      await settle()
    }
    return { subscriber, add, sent, ended }
  }
  const preferences = ['#preferences', { names: ['a.b.c'] }] as const
  const member = ['#member', { change: 'added', did: 'did:plc:vera', role: 'viewer' }] as const

  it('receives what its role allows at the moment, also after a promotion', async () => {
    const { subscriber, add, sent } = await connected()
    await add(...preferences)
    subscriber.changeMember(viewer)
    await add(...preferences)
    await add(...member)
    subscriber.changeMember({ ...editor, asOf: 3 })
    await add(...preferences)
    await add('#email', { change: 'changed' })
    subscriber.changeMember({
      ...editor,
      role: 'admin',
      scope: builtInRole('admin')!.scope,
      asOf: 4,
    })
    await add('#email', { change: 'changed' })
    expect(sent.filter((type) => type !== 'ready')).toEqual([
      'preferences',
      'info RoleChanged',
      'member',
      'info RoleChanged',
      'preferences',
      'info RoleChanged',
      'email',
    ])
  })

  it('that asked for a kind by name no longer receives it when its role lacks it', async () => {
    const { subscriber, add, sent, ended } = await connected(['preferences'])
    await add(...preferences)
    subscriber.changeMember(viewer)
    await add(...preferences)
    expect([sent.filter((type) => type === 'preferences').length, ended]).toEqual([1, []])
  })

  it('sends nothing about a change that leaves the role as it is, and keeps the later change', async () => {
    const { subscriber, sent } = await connected()
    subscriber.changeMember({ ...editor, endsAt: now, asOf: 2 })
    subscriber.changeMember({ ...viewer, asOf: 1 })
    expect(sent).not.toContain('info RoleChanged')
    expect(subscriber.credential).toMatchObject({ member: { role: 'editor', endsAt: now } })
  })

  it('ends with the membership', async () => {
    const { subscriber, ended } = await connected()
    subscriber.changeMember({ ...editor, endsAt: now, asOf: 2 })
    subscriber.check(now - 1, 0)
    expect(ended).toEqual([])
    subscriber.check(now, 0)
    expect(ended).toEqual(['NotAMember'])
  })

  it('is not renewed by the ticket of another member, or of the group itself', async () => {
    const { subscriber } = await connected()
    const others: Credential[] = [
      { kind: 'member', did: group, member: { ...editor, did: 'did:plc:vera' }, validAt: 0 },
      { kind: 'session', did: group, scope: 'com.atproto.access', validAt: 0 },
    ]
    for (const other of others) {
      const refused = expect.objectContaining({ error: 'InvalidTicket' })
      expect(() => subscriber.renew(other)).toThrow(refused)
    }
  })
})
