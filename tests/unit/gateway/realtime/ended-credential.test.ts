import { describe, expect, it } from 'vitest'
import type { Credential } from '#src/gateway/realtime/credential.ts'
import {
  type EndingEvent,
  effectOn,
  mustNotHaveEnded,
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

const event = (kind: string, fields: EndingEvent['fields'], subject?: string): EndingEvent => ({
  ...{ kind, fields, subject },
})
const endedBy = (given: EndingEvent) =>
  Object.entries(all).flatMap(([name, credential]) => {
    const effect = effectOn(credential, given)
    return effect === undefined || effect === 'begun' ? [] : [`${name} ${effect.ended.error}`]
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
    expect(() => mustNotHaveEnded(session, [begun, allEnded])).toThrow('The session has ended')
    mustNotHaveEnded(session, [allEnded, begun])
    mustNotHaveEnded(session, [])
  })

  it('a grant that was revoked has, whatever happened to sessions', () => {
    const revoked = event('grant', { change: 'revoked' }, 'grant')
    expect(() => mustNotHaveEnded(app, [revoked, begun])).toThrow('The session has ended')
    const granted = event('grant', { change: 'created' }, 'grant')
    mustNotHaveEnded(app, [allEnded, granted])
  })
})
