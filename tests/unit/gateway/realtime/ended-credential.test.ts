import { describe, expect, it } from 'vitest'
import type { XrpcError } from '#src/errors.ts'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  credentialAfter,
  type EndingEvent,
  effectOn,
} from '#src/gateway/realtime/ended-credential.ts'

const did = 'did:plc:alice'
const REPO = 'com.atproto.admin.defs#repoRef'
const session: Credential = {
  ...{ kind: 'session', did, scope: 'com.atproto.access', sessionId: 'mine', validAt: 0 },
}
const ofAppPassword: Credential = { ...session, appPassword: 'phone' }
const app: Credential = { kind: 'app', did, scopes: 'atproto', sessionId: 'grant', validAt: 0 }
const service: Credential = { kind: 'service', did, validAt: 0 }
const admin: Credential = { kind: 'admin', validAt: 0 }
const all = { session, ofAppPassword, app, service, admin }

const event = (
  kind: string,
  fields: EndingEvent['fields'],
  subject?: string,
  time = 1_000,
): EndingEvent => ({ kind, fields, subject, time })
const endedBy = (given: EndingEvent) =>
  Object.entries(all).flatMap(([name, credential]) => {
    const effect = effectOn(credential, given)
    const isEnd = typeof effect === 'object' && 'ended' in effect
    return isEnd ? [`${name} ${effect.ended.error}`] : []
  })
const everySession = ['session', 'ofAppPassword', 'app', 'service']
const ended = (names: string[], error = 'SessionEnded') => names.map((name) => `${name} ${error}`)

const allEnded = event('session', { change: 'ended', kind: 'all' })
const begun = event('session', { change: 'created', kind: 'password' }, 'mine')

describe('which credentials an event ends', () => {
  it.each<[string, EndingEvent, string[]]>([
    ['the end of all sessions', allEnded, ended(everySession)],
    [
      'the end of one session',
      event('session', { change: 'ended', kind: 'password' }, 'mine'),
      ended(['session', 'ofAppPassword']),
    ],
    [
      'the end of another session',
      event('session', { change: 'ended', kind: 'password' }, 'theirs'),
      [],
    ],
    ['a page that is left', event('session', { change: 'ended', kind: 'page' }), []],
    [
      'a revoked app password',
      event('appPassword', { change: 'revoked' }, 'phone'),
      ended(['ofAppPassword']),
    ],
    ['a new app password', event('appPassword', { change: 'created' }, 'phone'), []],
    ['a revoked grant', event('grant', { change: 'revoked' }, 'grant'), ended(['app'])],
    ['a changed grant', event('grant', { change: 'changed' }, 'grant'), []],
    ['another grant', event('grant', { change: 'revoked' }, 'other'), []],
    ['the deletion of the account', event('account', { status: 'deleted' }), ended(everySession)],
    [
      'a takedown',
      event('account', { status: 'takendown' }),
      ended(everySession, 'AccountTakedown'),
    ],
    [
      'the decision to take the account down, which comes before all sessions end',
      event('moderation', { takedown: true, subject: { $type: REPO, did } }),
      ended(everySession, 'AccountTakedown'),
    ],
    [
      'the decision to restore the account',
      event('moderation', { takedown: false, subject: { $type: REPO, did } }),
      [],
    ],
    [
      'the decision to take a record down',
      event('moderation', {
        ...{ takedown: true, subject: { $type: 'com.atproto.repo.strongRef', uri: '', cid: '' } },
      }),
      [],
    ],
    ['a deactivation', event('account', { status: 'deactivated' }), []],
    ['a sign-in', begun, []],
  ])('%s', (_, given, expected) => {
    expect(endedBy(given)).toEqual(expected)
  })
})

describe('whether a credential has ended since it was valid', () => {
  it('a session that began after all others had ended has not', () => {
    expect(() => credentialAfter(session, [begun, allEnded])).toThrow('The session has ended')
    credentialAfter(session, [allEnded, begun])
    credentialAfter(session, [])
  })

  it('a grant that was revoked has, whatever happened to sessions', () => {
    const revoked = event('grant', { change: 'revoked' }, 'grant')
    expect(() => credentialAfter(app, [revoked, begun])).toThrow('The session has ended')
    const granted = event('grant', { change: 'created' }, 'grant')
    credentialAfter(app, [allEnded, granted])
  })
})

describe('a member that acts as a group', () => {
  const eddie = 'did:plc:eddie'
  const role = { did: eddie, role: 'editor', scope: 'atproto repo:*', asOf: 1_000 }
  const member: Credential = { kind: 'member', did, member: role, validAt: 0 }
  const inSession: Credential = { ...member, sessionId: 'mine' }
  const inApp: Credential = { ...member, scopes: 'atproto', sessionId: 'grant' }
  const of = (change: string, fields: object = {}, time = 2_000, subject = eddie) =>
    event('member', { change, ...fields }, subject, time)
  const errorOf = (credential: Credential, ...events: EndingEvent[]) => {
    try {
      credentialAfter(credential, events)
    } catch (error) {
      return (error as XrpcError).error
    }
    return undefined
  }
  const sessionEnds = event('session', { change: 'ended', kind: 'password' }, 'mine', 2_000)

  it.each<[string, Credential, EndingEvent[], string | undefined]>([
    ['its removal', member, [of('removed')], 'NotAMember'],
    ['the removal of another', member, [of('removed', {}, 2_000, 'did:plc:vera')], undefined],
    [
      'a removal that the answer of the group is later than',
      member,
      [of('removed', {}, 999)],
      undefined,
    ],
    ['the end of its session', inSession, [sessionEnds], 'SessionEnded'],
    ['the end of the session of another', member, [sessionEnds], undefined],
    ['the end of all sessions', inSession, [{ ...allEnded, time: 2_000 }], 'SessionEnded'],
    [
      'the end of all sessions, of which it is none',
      member,
      [{ ...allEnded, time: 2_000 }],
      undefined,
    ],
    ['its grant, revoked', inApp, [event('grant', { change: 'revoked' }, 'grant')], 'SessionEnded'],
    [
      'a takedown of the group',
      member,
      [event('account', { status: 'takendown' })],
      'AccountTakedown',
    ],
    [
      'its removal, if it is added again',
      member,
      [of('removed'), of('added', { role: 'viewer' })],
      undefined,
    ],
    [
      'its removal, if it is added again and had a session',
      inSession,
      [of('removed'), sessionEnds, of('added', { role: 'viewer' })],
      'SessionEnded',
    ],
  ])('is ended by %s, or is not', (_, credential, events, expected) => {
    expect(errorOf(credential, ...events)).toBe(expected)
  })

  it('has the role and the end of its membership that the last change says', () => {
    const expiresAt = '2026-01-01T00:00:00.000Z'
    const changed = of('changed', { role: 'viewer', scope: 'atproto', expiresAt }, 3_000)
    const endsAt = Date.parse(expiresAt)
    expect(credentialAfter(member, [of('changed', { role: 'admin' }), changed])).toEqual({
      ...member,
      member: { did: eddie, role: 'viewer', scope: 'atproto', endsAt, asOf: 3_000 },
    })
    expect(credentialAfter(member, [of('changed', { role: 'admin' }, 999)])).toEqual(member)
  })

  it('has the scopes of its role when these change, and not those of another role', () => {
    const poster = event(
      'role',
      { change: 'changed', role: 'editor', scope: 'b' },
      undefined,
      2_000,
    )
    const other = event('role', { change: 'changed', role: 'other', scope: 'c' }, undefined, 3_000)
    expect(credentialAfter(member, [poster, other])).toMatchObject({
      member: { role: 'editor', scope: 'b', asOf: 2_000 },
    })
  })
})
